using System.Runtime.InteropServices;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore.Registry;

/// <summary>Finds the model among the manifests of an index.</summary>
internal static class ManifestIndex
{
    private const string Unknown = "unknown";

    /// <summary>The manifest that is meant: the only one, else the only one for this machine.</summary>
    /// <exception cref="ModelSourceException">There is none, or which one is meant is not clear.</exception>
    public static RegistryDescriptor Choose(RegistryModelSource source, RegistryManifest index)
    {
        // Builders add statements about where an image comes from, for a platform that is called unknown.
        List<RegistryDescriptor> models = [.. (index.Manifests ?? []).Where(static entry => entry.Sha256 is not null && entry.Platform?.Os != Unknown)];
        List<RegistryDescriptor> mine = models.Count > 1 ? [.. models.Where(IsForThisMachine)] : models;
        return mine switch
        {
            [var only] => only,
            [] => throw new ModelSourceException(
                ModelSourceReason.InvalidGguf, $"{source} is an index of {models.Count} manifests, none of them for linux/{Architecture}; name the manifest by its digest."),
            _ => throw new ModelSourceException(
                ModelSourceReason.InvalidConfiguration,
                $"{source} is an index of {mine.Count} manifests that fit; name the one that is meant by its digest: {string.Join(", ", mine.Take(12).Select(static entry => entry.Digest))}."),
        };
    }

    private static string Architecture => RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "amd64",
        var other => other.ToString().ToLowerInvariant(),
    };

    private static bool IsForThisMachine(RegistryDescriptor entry) =>
        entry.Platform is not { Os: { } os, Architecture: { } architecture } || (os == "linux" && architecture == Architecture);
}
