using FleetOps.InferenceWorker.Engine.Requests;
using FleetOps.InferenceWorker.Engine.Sampling;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace FleetOps.InferenceWorker.Tests.Engine;

[Properties(Arbitrary = [typeof(RequestQueueTests)])]
public sealed class RequestQueueTests
{
    public enum Step
    {
        Enqueue,
        Dequeue,
        RemoveOldest,
        RemoveNewest,
        RemoveStranger,
    }

    public static Arbitrary<Step[]> Steps() => Gen.Elements(Enum.GetValues<Step>()).ArrayOf().ToArbitrary();

    [Property(MaxTest = 500)]
    public void It_does_what_a_bounded_list_does(Step[] steps)
    {
        var queue = new RequestQueue(capacity: 4);
        var model = new List<Generation>();
        foreach (var step in steps)
        {
            switch (step)
            {
                case Step.Enqueue:
                    var generation = NewGeneration();
                    var taken = queue.TryEnqueue(generation);
                    Assert.Equal(model.Count < 4, taken);
                    if (taken)
                    {
                        model.Add(generation);
                    }

                    break;
                case Step.Dequeue:
                    Assert.Equal(model.Count > 0, queue.TryDequeue(out var first));
                    Assert.Same(model.FirstOrDefault(), first);
                    model.Remove(first!);
                    break;
                case Step.RemoveStranger:
                    Assert.False(queue.Remove(NewGeneration()));
                    break;
                default:
                    var leaving = step == Step.RemoveOldest ? model.FirstOrDefault() : model.LastOrDefault();
                    if (leaving is not null)
                    {
                        Assert.True(queue.Remove(leaving));
                        Assert.False(queue.Remove(leaving));
                        model.Remove(leaving);
                    }

                    break;
            }

            Assert.Equal(model.Count, queue.Count);
        }

        Assert.Equal(model, queue.Close());
        Assert.False(queue.TryEnqueue(NewGeneration()));
    }

    [Fact]
    public async Task Each_request_is_taken_by_one_thread_only()
    {
        const int Requests = 20_000;
        var cancellation = TestContext.Current.CancellationToken;
        var queue = new RequestQueue(Requests);
        var taken = 0;
        var removed = 0;
        var all = Enumerable.Range(0, Requests).Select(_ => NewGeneration()).ToArray();
        Assert.All(all, generation => Assert.True(queue.TryEnqueue(generation)));

        await Task.WhenAll(
            Task.Run(() => Count(() => queue.TryDequeue(out _), ref taken), cancellation),
            Task.Run(() => Count(() => queue.TryDequeue(out _), ref taken), cancellation),
            Task.Run(() => Array.ForEach(all, generation => Interlocked.Add(ref removed, queue.Remove(generation) ? 1 : 0)), cancellation));

        Assert.Equal(Requests, taken + removed);
        Assert.Equal(0, queue.Count);
    }

    private static void Count(Func<bool> take, ref int counter)
    {
        while (take())
        {
            Interlocked.Increment(ref counter);
        }
    }

    private static Generation NewGeneration() => new(
        new GenerationRequest { Prompt = [1], Sampling = new SamplingSettings() }, sampler: null, capacity: 1, TimeProvider.System, _ => { }, _ => { });
}
