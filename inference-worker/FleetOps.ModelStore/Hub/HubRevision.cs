using System.Text.Json;

namespace FleetOps.ModelStore.Hub;

/// <summary>What the hub says about one revision of a repository; only what is used here.</summary>
internal sealed record HubRevision
{
    /// <summary>The commit.</summary>
    public string? Sha { get; init; }

    /// <summary>Labels, <c>license:…</c> among them.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>The head of the model card, whose shape is up to its author.</summary>
    public JsonElement CardData { get; init; }

    /// <summary>False, or by whom it is decided who may have the files.</summary>
    public JsonElement Gated { get; init; }

    /// <summary>Whether the files are only for those who accepted what the repository asks for.</summary>
    public bool IsGated => Gated.ValueKind is JsonValueKind.String or JsonValueKind.True;

    /// <summary>The text of the licence: an address, or the name of a file of the repository; null when the card does not say.</summary>
    public string? LicenseLink => CardData.ValueKind == JsonValueKind.Object ? Text("license_link") : null;

    /// <summary>The licence that the card or a label names.</summary>
    public string? License
    {
        get
        {
            if (CardData.ValueKind == JsonValueKind.Object)
            {
                // "other" stands for a licence with a name of its own.
                string? license = Text("license");
                return license is null or "other" ? Text("license_name") ?? license : license;
            }

            return Tags?.FirstOrDefault(tag => tag.StartsWith("license:", StringComparison.Ordinal))?["license:".Length..];
        }
    }

    private string? Text(string key) =>
        CardData.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
