namespace FleetOps.Cluster.Tests.Rights;

/// <summary>One verb on one resource, as RBAC names them.</summary>
/// <param name="Group">API group; empty for the core one.</param>
/// <param name="Resource">Plural, with a subresource after a slash.</param>
/// <param name="Verb">Such as <c>list</c>.</param>
internal sealed record Right(string Group, string Resource, string Verb)
{
    public override string ToString() => $"{(Group.Length == 0 ? "core" : Group)} {Resource} {Verb}";

    /// <summary>The right that a request needs and the namespace that it needs it in, null for all; null for discovery, which everyone may do.</summary>
    public static (Right Right, string? Namespace)? Of(HttpMethod method, Uri address)
    {
        var parts = address.AbsolutePath.Trim('/').Split('/');
        var isCore = parts[0] == "api";
        var rest = parts.AsSpan(Math.Min(parts.Length, isCore ? 2 : 3));
        if (rest.IsEmpty)
        {
            return null;
        }

        var space = rest is ["namespaces", _, _, ..] ? rest[1] : null;
        rest = space is null ? rest : rest[2..];
        var verb = method.Method switch
        {
            "GET" when address.Query.Contains("watch=true", StringComparison.Ordinal) => "watch",
            "GET" => rest.Length == 1 ? "list" : "get",
            "POST" => "create",
            "PUT" => "update",
            var other => other.ToLowerInvariant(),
        };
        return (new(isCore ? "" : parts[1], rest.Length > 2 ? $"{rest[0]}/{rest[2]}" : rest[0], verb), space);
    }
}
