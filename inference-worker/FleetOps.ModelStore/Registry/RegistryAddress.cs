using FleetOps.ModelStore.Http;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore.Registry;

/// <summary>The addresses of one repository.</summary>
internal sealed class RegistryAddress
{
    private readonly string _repository;

    /// <summary>Finds how a registry is reached: by https, but by plain http where it runs on this machine or where that was said.</summary>
    /// <param name="source">The repository.</param>
    /// <param name="plainHttp">Registries, with their ports, that are reached by plain http.</param>
    public RegistryAddress(RegistryModelSource source, IReadOnlyList<string> plainHttp)
    {
        var secure = new Uri($"https://{source.Host}/");
        Base = secure.IsLoopback || plainHttp.Contains(source.Registry, StringComparer.OrdinalIgnoreCase) ? new Uri($"http://{source.Host}/") : secure;
        _repository = source.ApiRepository;
    }

    /// <summary>The registry.</summary>
    public Uri Base { get; }

    /// <summary>True when nobody on the way can change what the registry says.</summary>
    public bool IsPrivate => HttpExchange.IsPrivate(Base);

    /// <summary>A manifest by its tag or its digest.</summary>
    public Uri Manifest(string reference) => new(Base, $"v2/{_repository}/manifests/{reference}");

    /// <summary>A blob by its digest.</summary>
    public Uri Blob(string digest) => new(Base, $"v2/{_repository}/blobs/{digest}");

    /// <summary>What a token has to allow.</summary>
    public string Scope => $"repository:{_repository}:pull";
}
