using k8s.Models;

namespace FleetOps.ControllerRuntime.Events;

/// <summary>One event object on the server and how often it was seen.</summary>
internal sealed class EventEntry(RecordedEvent first, string note, string name, string component, string instance)
{
    public RecordedEvent First { get; private set; } = first;

    public string Name { get; private set; } = name;

    public int Count { get; private set; } = 1;

    public DateTime LastSeen { get; private set; } = first.At;

    public string Note => note;

    /// <summary>Events of cluster-scoped objects live in <c>kube-system</c>, the one namespace that every server version accepts for them.</summary>
    public ObjectKey Key => new(First.Regarding.NamespaceProperty is { Length: > 0 } ns ? ns : "kube-system", Name);

    public void SeenAgain(DateTime at)
    {
        Count++;
        LastSeen = at;
    }

    public void Restart(string newName)
    {
        Name = newName;
        Count = 1;
        First = First with { At = LastSeen };
    }

    public Eventsv1Event ToEvent() => new()
    {
        ApiVersion = BuiltInTypes.Events.ApiVersion,
        Kind = BuiltInTypes.Events.Kind,
        Metadata = new V1ObjectMeta { Name = Name, NamespaceProperty = Key.Namespace },
        EventTime = First.At,
        Regarding = First.Regarding,
        Type = First.Type.ToString(),
        Reason = First.Reason,
        Note = note,
        Action = First.Action,
        ReportingController = component,
        ReportingInstance = instance,
    };
}
