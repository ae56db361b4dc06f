using System.Diagnostics.Metrics;

namespace FleetOps.ControllerRuntime.Metrics;

/// <summary>What informers went through; controller-runtime has no names for these.</summary>
internal sealed class InformerMetrics
{
    private readonly Counter<long>? _lists;
    private readonly Counter<long>? _watchFaults;
    private readonly Counter<long>? _malformed;
    private readonly Counter<long>? _handlerFaults;

    public InformerMetrics(IMeterFactory? meters)
    {
        var meter = meters?.Create(RuntimeMeter.Name);
        _lists = meter?.CreateCounter<long>("fleetops_informer_lists_total", description: "Whole collections read, the first included.");
        _watchFaults = meter?.CreateCounter<long>("fleetops_informer_watch_faults_total", description: "Lists and watches that ended with an error.");
        _malformed = meter?.CreateCounter<long>("fleetops_informer_malformed_objects_total", description: "Objects that could not be read and were left out.");
        _handlerFaults = meter?.CreateCounter<long>("fleetops_informer_handler_faults_total", description: "Exceptions thrown by handlers of changes.");
    }

    public void Prepare(string resource)
    {
        var tag = Tag(resource);
        _lists?.Add(0, tag);
        _watchFaults?.Add(0, tag);
        _malformed?.Add(0, tag);
        _handlerFaults?.Add(0, tag);
    }

    public void Listed(string resource) => _lists?.Add(1, Tag(resource));

    public void WatchFault(string resource) => _watchFaults?.Add(1, Tag(resource));

    public void Malformed(string resource) => _malformed?.Add(1, Tag(resource));

    public void HandlerFault(string resource) => _handlerFaults?.Add(1, Tag(resource));

    private static KeyValuePair<string, object?> Tag(string resource) => new("resource", resource);
}
