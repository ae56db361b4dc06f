using FleetOps.ControllerRuntime.WorkQueue;
using FsCheck.Xunit;
using Microsoft.Extensions.Time.Testing;

namespace FleetOps.ControllerRuntime.Tests.WorkQueue;

/// <summary>Runs random scripts against the queue and against a model of it that is too simple to be wrong.</summary>
public sealed class WorkQueueModelTests
{
    [Property(MaxTest = 1000)]
    public bool The_queue_does_what_the_model_does(byte[] script)
    {
        var time = new FakeTimeProvider();
        using var queue = new WorkQueue<int>(time);
        var model = new Model();
        foreach (var step in script)
        {
            var key = step % 5;
            switch (step / 5 % 5)
            {
                case 0:
                    queue.Add(key);
                    model.Add(key);
                    break;
                case 1:
                    var delay = step / 25 % 10;
                    queue.AddAfter(key, TimeSpan.FromSeconds(delay));
                    model.AddAfter(key, delay);
                    break;
                case 2:
                    time.Advance(TimeSpan.FromSeconds(step / 25 % 10));
                    model.Advance(step / 25 % 10);
                    break;
                case 3 when queue.Depth > 0:
                    if (Take(queue) != model.Take())
                    {
                        return false;
                    }

                    break;
                case 4 when model.Working.Contains(key):
                    queue.Done(key);
                    model.Done(key);
                    break;
            }

            if (queue.Depth != model.Ready.Count || queue.Delayed != model.Due.Count)
            {
                return false;
            }
        }

        return true;
    }

    private static int Take(WorkQueue<int> queue)
    {
        var taken = queue.TakeAsync(CancellationToken.None);
        return taken.IsCompletedSuccessfully ? taken.Result : throw new InvalidOperationException("The queue has keys but hands out none.");
    }

    private sealed class Model
    {
        private int _now;
        private int _order;

        public List<int> Ready { get; } = [];

        public HashSet<int> Working { get; } = [];

        public HashSet<int> Again { get; } = [];

        public Dictionary<int, (int At, int Order)> Due { get; } = [];

        public void Add(int key)
        {
            if (Working.Contains(key))
            {
                Again.Add(key);
            }
            else if (!Ready.Contains(key))
            {
                Ready.Add(key);
            }
        }

        public void AddAfter(int key, int delay)
        {
            if (delay == 0)
            {
                Add(key);
            }
            else if (!Due.TryGetValue(key, out var due) || _now + delay < due.At)
            {
                Due[key] = (_now + delay, _order++);
            }
        }

        public void Advance(int seconds)
        {
            _now += seconds;
            foreach (var (key, _) in Due.Where(pair => pair.Value.At <= _now).OrderBy(pair => pair.Value).ToList())
            {
                Due.Remove(key);
                Add(key);
            }
        }

        public int Take()
        {
            var key = Ready[0];
            Ready.RemoveAt(0);
            Working.Add(key);
            return key;
        }

        public void Done(int key)
        {
            Working.Remove(key);
            if (Again.Remove(key))
            {
                Ready.Add(key);
            }
        }
    }
}
