using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime;

/// <summary>Where a kind lives in the API and how its JSON is read and written without reflection. Immutable.</summary>
/// <typeparam name="T">The C# type of the kind.</typeparam>
/// <param name="Group">API group; empty for the core group.</param>
/// <param name="Version">API version, such as <c>v1</c>.</param>
/// <param name="Plural">The plural in the URL, such as <c>deployments</c>.</param>
/// <param name="Kind">The kind's name, such as <c>Deployment</c>.</param>
/// <param name="Json">The source-generated contract; it must leave nulls out, as the API does.</param>
public sealed record ResourceType<T>(string Group, string Version, string Plural, string Kind, JsonTypeInfo<T> Json)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>False for kinds that live outside namespaces. Default: true.</summary>
    public bool Namespaced { get; init; } = true;

    /// <summary>The <c>apiVersion</c> of the kind's objects: <c>group/version</c>, or <c>version</c> in the core group.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>The REST path, relative to the server's root, of a collection, an object or a subresource.</summary>
    /// <param name="ns">Namespace; null or empty for all namespaces or a cluster-scoped kind.</param>
    /// <param name="name">Object name; null for the collection.</param>
    /// <param name="subresource">Such as <c>status</c>; needs <paramref name="name"/>.</param>
    public string Path(string? ns = null, string? name = null, string? subresource = null)
    {
        var root = Group.Length == 0 ? $"api/{Version}" : $"apis/{Group}/{Version}";
        var space = string.IsNullOrEmpty(ns) || !Namespaced ? "" : $"/namespaces/{Uri.EscapeDataString(ns)}";
        var entity = name is null ? "" : $"/{Uri.EscapeDataString(name)}";
        var sub = subresource is null ? "" : $"/{subresource}";
        return $"{root}{space}/{Plural}{entity}{sub}";
    }

    /// <summary>
    /// The same kind for readers that need only a part of it: the fields named are skipped as they are read, so that they cost neither time
    /// nor memory, and are never written. Managed fields, the largest part of most objects, are always skipped.
    /// </summary>
    /// <param name="fields">For a class of the kind's objects and a field of it, in its JSON form, whether the field is skipped.</param>
    public ResourceType<T> Without(Func<Type, string, bool> fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var options = new JsonSerializerOptions(Json.Options)
        {
            TypeInfoResolver = Json.Options.TypeInfoResolver!.WithAddedModifier(contract =>
            {
                if (contract.Kind == JsonTypeInfoKind.Object)
                {
                    for (var i = contract.Properties.Count - 1; i >= 0; i--)
                    {
                        var name = contract.Properties[i].Name;
                        if ((contract.Type == typeof(V1ObjectMeta) && name == "managedFields") || fields(contract.Type, name))
                        {
                            contract.Properties.RemoveAt(i);
                        }
                    }
                }
            }),
        };
        return this with { Json = (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T)) };
    }

    /// <summary>The same kind for a store that only its writer reads; see <see cref="ObservedObject"/>.</summary>
    public ResourceType<ObservedObject> AsObserved() =>
        new(Group, Version, Plural, Kind, ObservedObjectJsonContext.Default.ObservedObject) { Namespaced = Namespaced };

    /// <summary><c>deployments.apps</c>, the name that kubectl and RBAC messages use.</summary>
    public override string ToString() => Group.Length == 0 ? Plural : $"{Plural}.{Group}";

    /// <summary>Two types are one when they name the same kind in the same API version.</summary>
    public bool Equals(ResourceType<T>? other) =>
        other is not null && Group == other.Group && Version == other.Version && Plural == other.Plural;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Group, Version, Plural);
}
