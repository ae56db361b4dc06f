using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using k8s;

namespace FleetOps.ControllerRuntime.Apply;

/// <summary>Asks the server what it offers, and remembers the answers for a while since CRDs come and servers are upgraded.</summary>
internal sealed class Discovery(KubeApi api, TimeProvider time)
{
    private static readonly TimeSpan PresenceLifetime = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan AbsenceLifetime = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, (HashSet<string> Kinds, long At)> _kinds = new(StringComparer.Ordinal);
    private ServerVersion? _version;

    public async Task<bool> ServesAsync(string groupVersion, string kind, CancellationToken cancellationToken)
    {
        if (_kinds.TryGetValue(groupVersion, out var known)
            && time.GetElapsedTime(known.At) < (known.Kinds.Contains(kind) ? PresenceLifetime : AbsenceLifetime))
        {
            return known.Kinds.Contains(kind);
        }

        var kinds = await FetchKindsAsync(groupVersion, cancellationToken).ConfigureAwait(false);
        _kinds[groupVersion] = (kinds, time.GetTimestamp());
        return kinds.Contains(kind);
    }

    public async Task<(int Major, int Minor)> GetServerVersionAsync(CancellationToken cancellationToken)
    {
        if (_version is { } known && time.GetElapsedTime(known.At) < PresenceLifetime)
        {
            return (known.Major, known.Minor);
        }

        var bytes = await api.SendBytesAsync(HttpMethod.Get, "version", null, cancellationToken).ConfigureAwait(false);
        using var document = JsonDocument.Parse(bytes);
        var version = new ServerVersion(Number(document.RootElement, "major"), Number(document.RootElement, "minor"), time.GetTimestamp());
        _version = version;
        return (version.Major, version.Minor);
    }

    private async Task<HashSet<string>> FetchKindsAsync(string groupVersion, CancellationToken cancellationToken)
    {
        var path = groupVersion.Contains('/', StringComparison.Ordinal) ? $"apis/{groupVersion}" : $"api/{groupVersion}";
        try
        {
            var list = await api.SendAsync(HttpMethod.Get, path, null, SourceGenerationContext.Default.V1APIResourceList, cancellationToken).ConfigureAwait(false);
            return [.. (list.Resources ?? []).Select(resource => resource.Kind)];
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            return [];
        }
    }

    // Vendors append signs to the minor version, as in "27+".
    private static int Number(JsonElement root, string property) =>
        root.TryGetProperty(property, out var value)
        && value.ValueKind == JsonValueKind.String
        && int.TryParse(string.Concat(value.GetString()!.TakeWhile(char.IsAsciiDigit)), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;

    private sealed record ServerVersion(int Major, int Minor, long At);
}
