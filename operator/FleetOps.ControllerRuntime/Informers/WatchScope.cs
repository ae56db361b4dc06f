namespace FleetOps.ControllerRuntime.Informers;

/// <summary>The part of a kind that an informer watches. The default is everything in every namespace.</summary>
public sealed record WatchScope
{
    /// <summary>Everything in every namespace.</summary>
    public static WatchScope All { get; } = new();

    /// <summary>Only this namespace; null for all.</summary>
    public string? Namespace { get; init; }

    /// <summary>Kubernetes label selector, such as <c>app=worker</c>; null for none.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>Kubernetes field selector, such as <c>metadata.name=this</c>; null for none.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>The query parameters of the scope, each with a leading ampersand.</summary>
    internal string Query =>
        (LabelSelector is null ? "" : $"&labelSelector={Uri.EscapeDataString(LabelSelector)}")
        + (FieldSelector is null ? "" : $"&fieldSelector={Uri.EscapeDataString(FieldSelector)}");
}
