using System.Security.Cryptography;
using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Http;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore.Registry;

/// <summary>Asks a registry what a tag stands for and where the weights of a model are. Whatever has a digest is checked against it.</summary>
internal sealed class RegistryClient(RegistryAccess access, RegistryAddress address, RegistryModelSource source, ModelFetcherOptions options)
{
    private const string IndexType = "application/vnd.oci.image.index.v1+json";
    private const string ListType = "application/vnd.docker.distribution.manifest.list.v2+json";
    private const int MaxConfigBytes = 1 << 20;

    private static readonly (string, string)[] Manifests =
    [
        ("Accept", $"application/vnd.oci.image.manifest.v1+json, {IndexType}, application/vnd.docker.distribution.manifest.v2+json, {ListType}"),
    ];

    /// <summary>Whether the registry is a mirror. Then what it lacks or refuses is no fault of the source.</summary>
    public bool IsMirror { get; init; }

    /// <summary>Resolves the model.</summary>
    /// <param name="sha256">The digest that the request demands, which chooses among several files; null when it demands none.</param>
    /// <param name="cancellationToken">Ends the questions.</param>
    /// <exception cref="ModelSourceException">The registry does not have it, does not give it, or does not answer.</exception>
    public async Task<RemoteModel> ResolveAsync(string? sha256, CancellationToken cancellationToken)
    {
        (string digest, RegistryManifest manifest) = await GetManifestAsync(source.Reference, cancellationToken).ConfigureAwait(false);
        if (manifest.Manifests is not null)
        {
            string entry = ManifestIndex.Choose(source, manifest).Digest!;
            (_, manifest) = await GetManifestAsync(entry, cancellationToken).ConfigureAwait(false);
            if (manifest.Manifests is not null)
            {
                throw Nonsense("answers with an index inside an index");
            }
        }

        IReadOnlyList<RegistryDescriptor> weights = ModelLayers.Choose(source, manifest, sha256);
        string? license = await LicenseAsync(manifest, cancellationToken).ConfigureAwait(false);
        return new RemoteModel([.. weights.Select(layer => Describe(layer) with { Revision = digest, License = new SourceLicense(license) })]);
    }

    private RemoteFile Describe(RegistryDescriptor layer)
    {
        Uri location = address.Blob(layer.Digest!);
        return new RemoteFile(async token => new RemoteAddress(location, await access.AuthorizeAsync(token).ConfigureAwait(false)), JudgeBlobAsync)
        {
            Sha256 = layer.Sha256,
            SizeBytes = layer.Size,
        };
    }

    private async Task<(string Digest, RegistryManifest Manifest)> GetManifestAsync(string reference, CancellationToken cancellationToken)
    {
        using HttpAnswer answer = await access.SendAsync(address.Manifest(reference), Manifests, cancellationToken).ConfigureAwait(false);
        byte[] body = await ReadAsync(answer, cancellationToken).ConfigureAwait(false);
        string digest = DigestOf(body);
        string? promised = RegistryModelSource.IsDigest(reference) ? reference : answer.Header("Docker-Content-Digest");
        if (promised is not null && RegistryModelSource.IsDigest(promised) && promised != digest)
        {
            throw new ModelSourceException(
                ModelSourceReason.DigestMismatch, $"The manifest that {source.Registry} sends for {source} has the digest {digest} and {promised} is demanded; it was changed on the way, or the registry is damaged.");
        }

        RegistryManifest manifest = RegistryBody.Parse(body, RegistryJson.Default.RegistryManifest) ?? throw Nonsense("answers something that is no manifest");

        // A document that is a manifest to one reader and an index to another is made to deceive.
        bool isIndex = manifest.Manifests is not null;
        bool claimsIndex = manifest.MediaType is IndexType or ListType;
        return manifest.SchemaVersion == 2 && isIndex == manifest.Layers is null && (manifest.MediaType is null || isIndex == claimsIndex)
            ? (digest, manifest)
            : throw Nonsense($"answers with a manifest of a kind that is not read ({manifest.MediaType ?? "without a type"}, version {manifest.SchemaVersion})");
    }

    private async Task<string?> LicenseAsync(RegistryManifest manifest, CancellationToken cancellationToken)
    {
        if (manifest.Annotations?.GetValueOrDefault("org.opencontainers.image.licenses") is { Length: > 0 } license)
        {
            return license;
        }

        if (manifest.Config is not { MediaType: { } type, Sha256: not null, Size: <= MaxConfigBytes } config
            || !(type.StartsWith("application/vnd.cncf.model.config.", StringComparison.Ordinal) || type.StartsWith("application/vnd.cnai.model.config.", StringComparison.Ordinal)))
        {
            return null;
        }

        using HttpAnswer answer = await access.SendAsync(address.Blob(config.Digest!), [], cancellationToken).ConfigureAwait(false);
        byte[] body = await ReadAsync(answer, cancellationToken).ConfigureAwait(false);
        if (DigestOf(body) != config.Digest)
        {
            throw new ModelSourceException(
                ModelSourceReason.DigestMismatch, $"The description of {source} has the digest {DigestOf(body)} and {config.Digest} is demanded; it was changed on the way, or the registry is damaged.");
        }

        IReadOnlyList<string>? licenses = RegistryBody.Parse(body, RegistryJson.Default.RegistryModelConfig)?.Descriptor?.Licenses;
        return licenses is { Count: > 0 } ? string.Join(", ", licenses) : null;
    }

    private async Task<byte[]> ReadAsync(HttpAnswer answer, CancellationToken cancellationToken) => answer.Status == 200
        ? await RegistryBody.ReadAsync(answer, options, cancellationToken).ConfigureAwait(false)
        : throw await JudgeAsync(answer, cancellationToken).ConfigureAwait(false);

    private async ValueTask<ModelSourceException> JudgeBlobAsync(HttpAnswer answer, CancellationToken cancellationToken) =>
        answer.Status == 401 && !answer.LeftOrigin && access.Renew()
            ? new TransientSourceException(ModelSourceReason.SourceUnauthorized, $"The token for {source} ran out; another one is asked for.", TimeSpan.Zero)
            : await JudgeAsync(answer, cancellationToken).ConfigureAwait(false);

    private async ValueTask<ModelSourceException> JudgeAsync(HttpAnswer answer, CancellationToken cancellationToken)
    {
        DateTimeOffset now = options.TimeProvider.GetUtcNow();
        string? code = answer.LeftOrigin ? null : RegistryFaults.Code(await RegistryBody.ReadAsync(answer, options, cancellationToken).ConfigureAwait(false));
        ModelSourceException fault = RegistryFaults.Judge(answer, code, source, access.IsAnonymous, now);
        return IsMirror ? WebFaults.OfMirror(fault) : fault;
    }

    private static string DigestOf(byte[] body) => RegistryModelSource.DigestPrefix + Convert.ToHexStringLower(SHA256.HashData(body));

    private ModelSourceException Nonsense(string problem) =>
        new(ModelSourceReason.SourceUnreachable, $"{address.Base.Authority} {problem} for {source}; check that the address is that of a registry.");
}
