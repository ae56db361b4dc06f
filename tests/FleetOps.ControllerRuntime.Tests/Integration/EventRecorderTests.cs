using FleetOps.ControllerRuntime.Events;
using FleetOps.ControllerRuntime.Hosting;
using FleetOps.ControllerRuntime.Informers;
using k8s.Models;
using Microsoft.Extensions.Logging.Testing;

namespace FleetOps.ControllerRuntime.Tests.Integration;

public sealed class EventRecorderTests(RealApi real)
{
    private static readonly ResourceType<Corev1Event> CoreEvents = new("", "v1", "events", "Event", k8s.SourceGenerationContext.Default.Corev1Event);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Events_are_where_kubectl_describe_looks_and_repetitions_are_counted()
    {
        var ns = await real.NewNamespaceAsync();
        var about = await real.Api.CreateAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "c"), Token);
        var recorder = NewRecorder();

        recorder.Publish(about, EventType.Warning, "SourceNotFound", "the source is not there; correct spec.model.source");
        recorder.Publish(about, EventType.Warning, "SourceNotFound", "the source is not there; correct spec.model.source");
        recorder.Publish(about, EventType.Warning, "SourceNotFound", "the source is not there; correct spec.model.source");
        recorder.Publish(about, EventType.Normal, "Created", "made a child");
        recorder.Complete();
        await recorder.RunAsync(Token);

        // What kubectl reads are core/v1 events selected by the object.
        var events = await ListAsync(ns, $"involvedObject.name=c,involvedObject.kind=ConfigMap,involvedObject.uid={about.Metadata.Uid}");
        Assert.Equal(2, events.Count);
        var repeated = Assert.Single(events, e => e.Reason == "SourceNotFound");
        Assert.Equal(3, repeated.Series.Count);
        Assert.Equal("Warning", repeated.Type);
        Assert.Equal("fleetops-operator", repeated.ReportingComponent);
        Assert.StartsWith("the source is not there", repeated.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_about_a_cluster_scoped_object_lands_in_kube_system()
    {
        var ns = await real.NewNamespaceAsync();
        var about = await real.Api.GetAsync(BuiltInTypes.Namespaces, new ObjectKey("", ns), Token);
        about.ApiVersion = "v1";
        about.Kind = "Namespace";
        var recorder = NewRecorder();

        recorder.Publish(about, EventType.Normal, "Seen", "looked at it");
        recorder.Complete();
        await recorder.RunAsync(Token);

        Assert.Single(await ListAsync("kube-system", $"involvedObject.name={ns}"));
    }

    [Fact]
    public async Task A_counted_event_that_has_expired_on_the_server_begins_anew()
    {
        var ns = await real.NewNamespaceAsync();
        var about = await real.Api.CreateAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "c"), Token);
        var recorder = NewRecorder();
        var run = recorder.RunAsync(Token);
        recorder.Publish(about, EventType.Normal, "Again", "the same");
        await Eventually.TrueAsync(async () => (await ListAsync(ns, "reason=Again")).Count == 1, "the first event is there");
        var first = (await ListAsync(ns, "reason=Again"))[0];
        await real.Api.DeleteAsync(BuiltInTypes.Events, ObjectKey.Of(first), null, Token);

        recorder.Publish(about, EventType.Normal, "Again", "the same");
        recorder.Complete();
        await run;

        var second = Assert.Single(await ListAsync(ns, "reason=Again"));
        Assert.NotEqual(first.Metadata.Name, second.Metadata.Name);
    }

    private EventRecorder NewRecorder() => new(real.Api, new ControllerRuntimeOptions(), TimeProvider.System, new FakeLogger<EventRecorder>(message => TestContext.Current.TestOutputHelper?.WriteLine(message)));

    private async Task<List<Corev1Event>> ListAsync(string ns, string fieldSelector)
    {
        var lister = new Lister<Corev1Event>(real.Api, CoreEvents, new WatchScope { Namespace = ns, FieldSelector = fieldSelector }, 500);
        return [.. (await lister.ListAsync(Token)).Objects.Values];
    }
}
