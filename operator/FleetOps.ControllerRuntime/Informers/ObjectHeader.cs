using System.Text.Json.Serialization;

namespace FleetOps.ControllerRuntime.Informers;

/// <summary>The part of an object that can be read even when its kind's contract does not fit, and all that a bookmark has.</summary>
internal sealed class ObjectHeader
{
    private const string InitialEventsEnd = "k8s.io/initial-events-end";

    [JsonPropertyName("metadata")]
    public HeaderMetadata? Metadata { get; set; }

    public ObjectKey Key => new(Metadata?.Namespace ?? "", Metadata?.Name ?? "");

    public string? ResourceVersion => Metadata?.ResourceVersion;

    /// <summary>Whether this bookmark says that a streaming list is whole.</summary>
    public bool EndsInitialEvents => Metadata?.Annotations?.TryGetValue(InitialEventsEnd, out var value) == true && value == "true";

    internal sealed class HeaderMetadata
    {
        [JsonPropertyName("name")]
        public string? Name { get; set; }

        [JsonPropertyName("namespace")]
        public string? Namespace { get; set; }

        [JsonPropertyName("resourceVersion")]
        public string? ResourceVersion { get; set; }

        [JsonPropertyName("annotations")]
        public Dictionary<string, string?>? Annotations { get; set; }
    }
}
