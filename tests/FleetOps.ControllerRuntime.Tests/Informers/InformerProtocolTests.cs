using System.Net;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Tests.Stubs;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using static FleetOps.ControllerRuntime.Tests.Stubs.ScriptedCollection;
using static FleetOps.ControllerRuntime.Tests.Stubs.WatchScript;

namespace FleetOps.ControllerRuntime.Tests.Informers;

/// <summary>What a real API server does too seldom, or never when asked to.</summary>
public sealed class InformerProtocolTests
{
    [Fact]
    public async Task A_streaming_list_fills_the_store_at_its_end_mark_and_goes_on_as_the_watch()
    {
        var script = new WatchScript().Send(ConfigMap("ADDED", "a", 1), ConfigMap("ADDED", "b", 2));
        var server = new ScriptedCollection().Watch(script);
        await using var running = Start(server);
        Assert.False(running.Informer.HasSynced);

        script.Send(Bookmark(3, end: true), ConfigMap("MODIFIED", "a", 4), ConfigMap("DELETED", "b", 5));

        await Eventually.TrueAsync(() => running.Changes.Told.Count == 4, "all is told");
        Assert.Equal(["Added a", "Added b", "Modified a", "Deleted b"], running.Changes.Told);
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData(HttpStatusCode.UnprocessableEntity)]
    [InlineData(HttpStatusCode.BadRequest)]
    public async Task A_server_that_refuses_the_streaming_list_is_asked_for_pages(HttpStatusCode code)
    {
        var server = new ScriptedCollection()
            .Watch(() => StubApi.Status(code, "Invalid", "sendInitialEvents is forbidden"))
            .List(Item("a", 1), 9, next: "more").List(Item("b", 2), 9);
        await using var running = Start(server);

        await running.SyncedAsync();

        Assert.Equal(2, running.Informer.Store.Count);
        Assert.Contains(server.Requests, path => path.Contains("continue=more", StringComparison.Ordinal) && !path.Contains("resourceVersion", StringComparison.Ordinal));
        await Eventually.TrueAsync(() => server.Requests.Any(path => path.Contains("watch=true", StringComparison.Ordinal) && path.Contains("&resourceVersion=9&", StringComparison.Ordinal)), "the watch begins where the list ended");
    }

    [Fact]
    public async Task A_server_that_ignores_the_wish_for_a_streaming_list_is_found_out_by_its_silence()
    {
        var time = new FakeTimeProvider();
        var server = new ScriptedCollection(time).Watch(new WatchScript().Send(ConfigMap("ADDED", "a", 1))).List(Item("a", 1), 9);
        await using var running = Start(server, time: time);
        await Eventually.TrueAsync(() => server.Requests.Count == 1, "the watch is open");

        await AdvanceUntilAsync(time, () => running.Informer.HasSynced, "the store is filled from pages");

        Assert.Equal(["Added a"], running.Changes.Told);
    }

    [Fact]
    public async Task A_broken_watch_is_resumed_after_the_last_event_without_a_new_list()
    {
        var second = new WatchScript();
        var server = new ScriptedCollection(minor: 20).List("", 1)
            .Watch(new WatchScript().Send(ConfigMap("ADDED", "a", 2), Bookmark(7)).SendRaw(ConfigMap("ADDED", "cut", 8)[..40]).Break())
            .Watch(second);
        await using var running = Start(server);

        second.Send(ConfigMap("ADDED", "cut", 8));

        await Eventually.TrueAsync(() => running.Changes.Told.Count == 2, "both objects are told");
        Assert.Equal(["Added a", "Added cut"], running.Changes.Told);
        Assert.Contains(server.Requests, path => path.Contains("&resourceVersion=7&", StringComparison.Ordinal));
        Assert.Equal(1, running.Informer.Lists);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_expiry_what_was_deleted_meanwhile_is_told_from_the_new_list(bool inStream)
    {
        var server = new ScriptedCollection(minor: 20).List($"{Item("a", 1)},{Item("b", 2)}", 3)
            .Watch(() => inStream ? StubApi.Watch(new WatchScript().Send(Expired()).Stream) : StubApi.Status(HttpStatusCode.Gone, "Expired"))
            .List($"{Item("b", 20)},{Item("c", 21)}", 30);
        await using var running = Start(server);

        await Eventually.TrueAsync(() => running.Changes.Told.Count == 5 && running.Informer.Lists == 2, "all differences are told");

        Assert.Equal(["Added a", "Added b", "Deleted a", "Modified b", "Added c"], running.Changes.Told);
        Assert.Empty(running.Changes.Contradictions);
    }

    [Fact]
    public async Task A_list_that_expires_between_its_pages_is_read_again_in_one()
    {
        var server = new ScriptedCollection(minor: 20)
            .List(Item("a", 1), 9, next: "more").List(() => StubApi.Status(HttpStatusCode.Gone, "Expired"))
            .List($"{Item("a", 1)},{Item("b", 2)}", 11);
        await using var running = Start(server);

        await running.SyncedAsync();

        Assert.Equal(2, running.Informer.Store.Count);
    }

    [Fact]
    public async Task Objects_and_lines_that_cannot_be_read_are_left_out_and_stop_nothing()
    {
        var script = new WatchScript().Send(
            "this is no JSON",
            """{"type":"ADDED"}""",
            """{"type":"NEWS","object":{"metadata":{"name":"x","resourceVersion":"3"}}}""",
            ConfigMap("ADDED", "odd", 4, data: "[1]"),
            ConfigMap("MODIFIED", "known", 5, data: "\"text\""),
            ConfigMap("ADDED", "good", 6));
        var server = new ScriptedCollection(minor: 20).List($"{Item("bad", 1, data: "7")},{Item("known", 2)}", 3).Watch(script);
        await using var running = Start(server);

        await Eventually.TrueAsync(() => running.Changes.Told.Contains("Added good"), "the good object arrives");

        Assert.Equal(["Added known", "Added good"], running.Changes.Told);
        script.Send(ConfigMap("DELETED", "known", 7, data: "\"text\""));
        await Eventually.TrueAsync(() => running.Informer.Store.Count == 1, "even what cannot be read can be deleted");
        Assert.Equal(1, running.Informer.Lists);
    }

    [Fact]
    public async Task A_known_object_that_becomes_unreadable_is_not_taken_for_deleted_by_a_list()
    {
        var server = new ScriptedCollection(minor: 20).List(Item("a", 1), 3)
            .Watch(new WatchScript().Send(Expired()))
            .List($"{Item("a", 4, data: "7")},{Item("b", 5)}", 6);
        await using var running = Start(server);

        await Eventually.TrueAsync(() => running.Informer.Lists == 2 && running.Changes.Told.Contains("Added b"), "the second list is read");

        Assert.Equal(["Added a", "Added b"], running.Changes.Told);
    }

    [Fact]
    public async Task A_silent_watch_is_taken_for_dead_and_opened_again_where_it_was()
    {
        var time = new FakeTimeProvider();
        var server = new ScriptedCollection(time, minor: 20).List(Item("a", 1), 3).Watch(new WatchScript()).Watch(new WatchScript().Send(ConfigMap("ADDED", "b", 4)));
        await using var running = Start(server, time: time);
        await Eventually.TrueAsync(() => server.Requests.Count == 2, "list and watch are made");

        await AdvanceUntilAsync(time, () => running.Informer.Store.Count == 2, "the second watch tells of b");

        Assert.Equal(2, server.Requests.Count(path => path.Contains("&resourceVersion=3&", StringComparison.Ordinal)));
        Assert.Equal(1, running.Informer.Lists);
    }

    [Fact]
    public async Task A_request_whose_answer_never_comes_is_given_up_and_made_again()
    {
        var time = new FakeTimeProvider();
        var calls = 0;
        var api = StubApi.Connect(
            async (request, token) =>
            {
                if (request.RequestUri!.AbsolutePath == "/version")
                {
                    return StubApi.Json(StubApi.Version(20));
                }

                if (Interlocked.Increment(ref calls) == 1)
                {
                    await Task.Delay(Timeout.Infinite, token);
                }

                return request.RequestUri!.Query.Contains("watch", StringComparison.Ordinal)
                    ? StubApi.Watch(new WatchScript().Stream)
                    : StubApi.Json("""{"metadata":{"resourceVersion":"1"},"items":[]}""");
            },
            time);
        await using var running = new RunningInformer<V1ConfigMap>(new InformerRegistry(api, time, NullLoggerFactory.Instance).Get(BuiltInTypes.ConfigMaps));
        await Eventually.TrueAsync(() => Volatile.Read(ref calls) == 1, "the first request hangs");

        await AdvanceUntilAsync(time, () => running.Informer.HasSynced, "the second request is answered");
    }

    [Fact]
    public async Task A_server_that_asks_for_patience_is_given_it()
    {
        var time = new FakeTimeProvider();
        var server = new ScriptedCollection(time, minor: 20)
            .List(() =>
            {
                var answer = StubApi.Status(HttpStatusCode.TooManyRequests, "TooManyRequests");
                answer.Headers.RetryAfter = new System.Net.Http.Headers.RetryConditionHeaderValue(TimeSpan.FromSeconds(60));
                return answer;
            })
            .List("", 1);
        await using var running = Start(server, time: time);
        await Eventually.TrueAsync(() => running.Informer.Problem?.Contains("429", StringComparison.Ordinal) == true, "the refusal is seen");

        time.Advance(TimeSpan.FromSeconds(59));
        await Task.Yield();
        Assert.Single(server.Requests);

        await AdvanceUntilAsync(time, () => running.Informer.HasSynced, "the second list is asked for");
    }

    [Fact]
    public async Task A_kind_that_goes_away_takes_its_objects_along_only_when_it_stays_away()
    {
        var time = new FakeTimeProvider();
        var gone = false;
        var script = new WatchScript();
        var api = StubApi.Connect(
            (request, _) => Task.FromResult(
                request.RequestUri!.AbsolutePath == "/version" ? StubApi.Json(StubApi.Version(20))
                : Volatile.Read(ref gone) ? StubApi.Status(HttpStatusCode.NotFound, "NotFound")
                : request.RequestUri.Query.Contains("watch", StringComparison.Ordinal) ? StubApi.Watch(script.Stream)
                : StubApi.Json($$"""{"metadata":{"resourceVersion":"1"},"items":[{{Item("a", 1)}}]}""")),
            time);
        await using var running = new RunningInformer<V1ConfigMap>(new InformerRegistry(api, time, NullLoggerFactory.Instance).Get(BuiltInTypes.ConfigMaps));
        await running.SyncedAsync();

        Volatile.Write(ref gone, true);
        script.End();
        await AdvanceUntilAsync(time, () => running.Informer.Problem?.Contains("does not know configmaps", StringComparison.Ordinal) == true, "the absence is seen");
        Assert.Equal(["Added a"], running.Changes.Told);

        await AdvanceUntilAsync(time, () => running.Informer.Store.Count == 0, "the objects are gone");
        Assert.Equal(["Added a", "Deleted a"], running.Changes.Told);
    }

    [Fact]
    public async Task A_handler_that_throws_keeps_nothing_from_the_others()
    {
        var server = new ScriptedCollection(minor: 20).List(Item("a", 1), 2);
        var informer = new InformerRegistry(server.Api, TimeProvider.System, NullLoggerFactory.Instance).Get(BuiltInTypes.ConfigMaps);
        informer.Subscribe(_ => throw new InvalidOperationException("faulty handler"));
        await using var running = new RunningInformer<V1ConfigMap>(informer);

        await running.SyncedAsync();

        Assert.Equal(["Added a"], running.Changes.Told);
    }

    private static RunningInformer<V1ConfigMap> Start(ScriptedCollection server, TimeProvider? time = null) =>
        new(new InformerRegistry(server.Api, time ?? TimeProvider.System, NullLoggerFactory.Instance).Get(BuiltInTypes.ConfigMaps));

    private static async Task AdvanceUntilAsync(FakeTimeProvider time, Func<bool> condition, string what) =>
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return condition();
            },
            what);
}
