using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using FleetOps.ControllerRuntime.Reconciling;
using FleetOps.ControllerRuntime.Tests.Stubs;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Tests.Reconciling;

public sealed class ControllerLoopTests
{
    private readonly ModelCollection _collection = new();

    [Fact]
    public async Task A_retry_waits_as_long_as_the_server_asks()
    {
        var answers = 0;
        var busy = StubApi.Connect((_, _) =>
        {
            var answer = StubApi.Status(answers++ < 2 ? HttpStatusCode.TooManyRequests : HttpStatusCode.NotFound, "busy or gone");
            answer.Headers.RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromSeconds(9));
            return Task.FromResult(answer);
        });
        _collection.Write("one");
        await using var loop = RunningLoop.Start(_collection, async (entity, cancel) =>
        {
            await busy.DeleteAsync(BuiltInTypes.Secrets, ObjectKey.Of(entity), null, cancel);
            return ReconciliationResult.Success();
        });

        for (var tries = 1; tries < 3; tries++)
        {
            await Eventually.TrueAsync(() => loop.Count("one") == tries && loop.Delayed == 1, $"try {tries} was turned away");
            loop.Time.Advance(TimeSpan.FromSeconds(8.9));
            Assert.Equal((tries, 1), (loop.Count("one"), loop.Delayed));
            loop.Time.Advance(TimeSpan.FromSeconds(1.1));
        }

        await Eventually.TrueAsync(() => loop.Count("one") == 3 && loop.Delayed == 0, "the third try passed");
    }

    [Fact]
    public async Task A_reconcile_that_takes_too_long_is_cancelled_counted_and_tried_again()
    {
        _collection.Write("slow");
        var tries = 0;
        await using var loop = RunningLoop.Start(_collection, async (_, cancel) =>
        {
            if (Interlocked.Increment(ref tries) == 1)
            {
                await Task.Delay(Timeout.Infinite, cancel);
            }

            return ReconciliationResult.Success();
        });
        using var timeouts = loop.Collect("controller_runtime_reconcile_timeouts_total");
        using var errors = loop.Collect("controller_runtime_reconcile_errors_total");
        using var panics = loop.Collect("controller_runtime_reconcile_panics_total");
        await Eventually.TrueAsync(() => loop.Count("slow") == 1, "it has begun");

        loop.Time.Advance(TimeSpan.FromMinutes(2));

        await Eventually.TrueAsync(() => loop.Delayed == 1, "it was cancelled");
        loop.Time.Advance(TimeSpan.FromMilliseconds(6));
        await Eventually.TrueAsync(() => loop.Count("slow") == 2, "it was tried again");
        Assert.Equal((1, 1, 0), (timeouts.GetMeasurementSnapshot().Sum(m => m.Value), errors.GetMeasurementSnapshot().Sum(m => m.Value), panics.GetMeasurementSnapshot().Sum(m => m.Value)));
    }

    [Fact]
    public async Task A_loss_of_leadership_ends_running_reconciles_without_grace_and_begins_no_other()
    {
        foreach (var i in Enumerable.Range(0, 10))
        {
            _collection.Write($"{i}");
        }

        await using var loop = RunningLoop.Start(
            _collection,
            async (_, cancel) =>
            {
                await Task.Delay(Timeout.Infinite, cancel);
                return ReconciliationResult.Success();
            },
            registration => registration.Workers = 2);
        await Eventually.TrueAsync(() => loop.Begun.Count == 2, "both workers are at work");

        await loop.LoseAsync();
        await loop.Run.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);

        Assert.Equal(2, loop.Begun.Count);
    }

    [Fact]
    public async Task One_object_is_never_reconciled_twice_at_once_and_its_last_state_is_always_seen()
    {
        var busy = new ConcurrentDictionary<string, int>();
        var seen = new ConcurrentDictionary<string, string>();
        var overlaps = 0;
        await using var loop = RunningLoop.Start(
            _collection,
            async (entity, _) =>
            {
                if (busy.AddOrUpdate(entity.Metadata.Name, 1, (_, count) => count + 1) > 1)
                {
                    Interlocked.Increment(ref overlaps);
                }

                seen[entity.Metadata.Name] = entity.Metadata.ResourceVersion;
                await Task.Yield();
                busy.AddOrUpdate(entity.Metadata.Name, 0, (_, count) => count - 1);
                return ReconciliationResult.Success();
            },
            registration => registration.Workers = 8);

        for (var i = 0; i < 3000; i++)
        {
            _collection.Write($"{i % 3}");
        }

        await Eventually.TrueAsync(
            () => _collection.Objects.All(pair => seen.GetValueOrDefault(pair.Key) == $"{pair.Value}"),
            "the last version of each object is reconciled");
        Assert.Equal(0, overlaps);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_requeue_is_not_lost_by_a_write_that_follows_it(bool theWriteWakes)
    {
        _collection.Write("model");
        await using var loop = RunningLoop.Start(
            _collection,
            // Only the first look asks for another; the one that the write causes is content.
            entity => ReconciliationResult.Success(entity.Metadata.ResourceVersion == "2" ? TimeSpan.FromMinutes(1) : null),
            registration => registration.Predicates.Add(change => change.IsInitial || theWriteWakes));
        await Eventually.TrueAsync(() => loop.Delayed == 1, "a requeue was asked for");

        _collection.Write("model");
        await Eventually.TrueAsync(() => loop.Informer.Store.List().Single().Metadata.ResourceVersion == "3", "the write was heard of");
        var before = theWriteWakes ? 2 : 1;
        await Eventually.TrueAsync(() => loop.Count("model") == before && loop.Waiting == 0, "what the write causes is done");

        loop.Time.Advance(TimeSpan.FromMinutes(1));
        await Eventually.TrueAsync(() => loop.Count("model") == before + 1, "the requeue comes");
    }

    [Fact]
    public async Task A_change_goes_before_the_first_look_at_everything()
    {
        var mayGoOn = new TaskCompletionSource();
        foreach (var i in Enumerable.Range(0, 50))
        {
            _collection.Write($"old-{i}");
        }

        await using var loop = RunningLoop.Start(_collection, async (_, _) =>
        {
            await mayGoOn.Task;
            return ReconciliationResult.Success();
        });
        await Eventually.TrueAsync(() => loop.Waiting == 49, "all are known and the worker is busy");
        var last = loop.Informer.Store.List().Select(one => one.Metadata.Name).Last(name => !loop.Begun.Contains(name));

        _collection.Write("new");
        _collection.Write(last);
        await Eventually.TrueAsync(() => loop.Waiting == 50 && loop.Informer.Store.Count == 51, "the changes were heard of");
        await Eventually.TrueAsync(() => loop.Told(last) == $"{_collection.Objects[last]}", "the last change was heard of");
        mayGoOn.SetResult();

        await Eventually.TrueAsync(() => loop.Begun.Count == 51, "everything is looked at");
        Assert.Equal(["new", last], loop.Begun.Skip(1).Take(2));
    }

    [Fact]
    public async Task Retries_of_many_objects_are_spread()
    {
        foreach (var i in Enumerable.Range(0, 130))
        {
            _collection.Write($"{i}");
        }

        var mayPass = false;
        await using var loop = RunningLoop.Start(_collection, _ => Volatile.Read(ref mayPass) ? ReconciliationResult.Success() : ReconciliationResult.Failure("by the test"));
        await Eventually.TrueAsync(() => loop.Delayed == 130, "all have failed once");
        Volatile.Write(ref mayPass, true);

        loop.Time.Advance(TimeSpan.FromMilliseconds(10));
        await Eventually.TrueAsync(() => loop.Begun.Count == 230 && loop.Delayed == 30, "the burst is tried again");
        loop.Time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(() => loop.Begun.Count is >= 239 and <= 241 && loop.Delayed is >= 19 and <= 21, "ten more are");
        loop.Time.Advance(TimeSpan.FromSeconds(2.1));

        await Eventually.TrueAsync(() => loop.Begun.Count == 260 && loop.Delayed == 0, "all are");
    }
}
