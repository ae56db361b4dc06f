using FleetOps.ControllerRuntime.WorkQueue;
using FsCheck.Xunit;
using Microsoft.Extensions.Time.Testing;

namespace FleetOps.ControllerRuntime.Tests.WorkQueue;

/// <summary>Runs random scripts against the queue and against a model of it that is too simple to be wrong.</summary>
public sealed class WorkQueueModelTests
{
    private const int Keys = 6;
    private const int Groups = 3;
    private const int Steps = 7;

    [Property(MaxTest = 2000)]
    public bool The_queue_does_what_the_model_does(byte[] script)
    {
        var time = new FakeTimeProvider();
        using var queue = new WorkQueue<int>(time, static key => $"{key % Groups}");
        var model = new QueueModel(Groups);
        foreach (var step in script)
        {
            var key = step % Keys;
            var amount = step / (Keys * Steps);
            switch (step / Keys % Steps)
            {
                case 0:
                    queue.Add(key);
                    model.Add(key, QueuePriority.Normal);
                    break;
                case 1:
                    queue.Add(key, QueuePriority.Low);
                    model.Add(key, QueuePriority.Low);
                    break;
                case 2:
                    queue.AddAfter(key, TimeSpan.FromSeconds(amount));
                    model.AddAfter(key, amount, QueuePriority.Normal);
                    break;
                case 3:
                    queue.AddAfter(key, TimeSpan.FromSeconds(amount), QueuePriority.Low);
                    model.AddAfter(key, amount, QueuePriority.Low);
                    break;
                case 4:
                    time.Advance(TimeSpan.FromSeconds(amount));
                    model.Advance(amount);
                    break;
                case 5 when queue.Depth > 0:
                    if (Take(queue) != model.Take())
                    {
                        return false;
                    }

                    break;
                case 6 when model.Working.Contains(key):
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

    [Property(MaxTest = 1000)]
    public bool Between_two_keys_of_a_group_each_other_waiting_group_has_exactly_one(byte[] script)
    {
        using var queue = new WorkQueue<int>(TimeProvider.System, static key => $"{key % 4}");
        var waiting = new HashSet<int>();
        // For each group the groups that have waited ever since its last key was taken, with how many keys of theirs were taken.
        var since = new Dictionary<int, Dictionary<int, int>>();
        foreach (var step in script)
        {
            if (step % 3 > 0)
            {
                queue.Add(step);
                waiting.Add(step);
                continue;
            }

            if (waiting.Count == 0)
            {
                continue;
            }

            var taken = Take(queue);
            queue.Done(taken);
            waiting.Remove(taken);
            var group = taken % 4;
            if (since.TryGetValue(group, out var others) && others.Values.Any(count => count != 1))
            {
                return false;
            }

            foreach (var seen in since.Values.Where(seen => seen.ContainsKey(group)))
            {
                seen[group]++;
                if (!waiting.Any(key => key % 4 == group))
                {
                    seen.Remove(group);
                }
            }

            since[group] = waiting.Select(key => key % 4).Where(other => other != group).Distinct().ToDictionary(other => other, _ => 0);
            if (!waiting.Any(key => key % 4 == group))
            {
                // It stands in the row no more; when it comes again, it comes last.
                since.Remove(group);
            }
        }

        return true;
    }

    private static int Take(WorkQueue<int> queue)
    {
        var taken = queue.TakeAsync(CancellationToken.None);
        return taken.IsCompletedSuccessfully ? taken.Result : throw new InvalidOperationException("The queue has keys but hands out none.");
    }
}
