using FleetOps.InferenceWorker.Engine.Embedding;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace FleetOps.InferenceWorker.Tests.Embedding;

public sealed class EmbeddingQueueTests
{
    [Fact]
    public void A_small_request_is_not_held_up_by_a_large_one()
    {
        var queue = new EmbeddingQueue(100);
        var large = Job([.. Enumerable.Repeat(4, 50)]);
        var small = Job(4);
        Assert.True(queue.TryAdd(large));
        Assert.True(queue.TryAdd(small));

        Assert.Equal([(large, 0), (small, 0)], queue.Take(maxInputs: 2, maxTokens: 64));
        Assert.Equal(1, queue.Requests);
        Assert.Equal(49, queue.WaitingInputs);
    }

    [Fact]
    public void A_long_input_is_not_passed_by_for_ever()
    {
        var queue = new EmbeddingQueue(100);
        queue.TryAdd(Job([.. Enumerable.Repeat(1, 20)]));
        var wide = Job(8);
        queue.TryAdd(wide);

        queue.Take(8, maxTokens: 8);

        Assert.Contains((wide, 0), queue.Take(8, maxTokens: 8));
    }

    [Fact]
    public void More_inputs_than_may_wait_are_refused_unless_nothing_waits()
    {
        var queue = new EmbeddingQueue(2);
        Assert.True(queue.TryAdd(Job(1, 1, 1)));
        var refused = Job(1);
        Assert.False(queue.TryAdd(refused));
        queue.Take(3, 3);
        Assert.True(queue.TryAdd(refused));
        queue.Remove(refused);
        Assert.Equal(0, queue.WaitingInputs);
        Assert.Empty(queue.Take(3, 3));
        queue.Close();
        Assert.False(queue.TryAdd(refused));
    }

    [Property]
    public Property Every_input_is_taken_once_in_order_and_within_the_bounds()
    {
        var jobs = ArbMap.Default.GeneratorFor<int>().Select(static number => 1 + Math.Abs(number % 8)).NonEmptyListOf().NonEmptyListOf();
        return Prop.ForAll(jobs.ToArbitrary(), static lengths =>
        {
            var queue = new EmbeddingQueue(int.MaxValue);
            EmbeddingJob[] added = [.. lengths.Select(static inputs => Job([.. inputs]))];
            Assert.All(added, job => Assert.True(queue.TryAdd(job)));
            var seen = added.ToDictionary(static job => job, static _ => 0);
            while (queue.Take(maxInputs: 3, maxTokens: 10) is { Count: > 0 } taken)
            {
                Assert.True(taken.Count <= 3);
                Assert.True(taken.Sum(static part => part.Job.Input(part.Input).Length) <= 10);
                Assert.All(taken, part => Assert.Equal(seen[part.Job]++, part.Input));
            }

            Assert.Equal(lengths.Select(static inputs => inputs.Count), added.Select(job => seen[job]));
            Assert.Equal((0, 0), (queue.WaitingInputs, queue.Requests));
        });
    }

    private static EmbeddingJob Job(params int[] lengths) => new([.. lengths.Select(static length => new int[length])]);
}
