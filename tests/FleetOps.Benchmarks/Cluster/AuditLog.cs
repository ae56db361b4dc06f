using System.Text;
using System.Text.Json;

namespace FleetOps.Benchmarks.Cluster;

/// <summary>The writes of the operator as the API server saw them: every answered one, without those to Leases, which go on for ever.</summary>
internal sealed class AuditLog(string path)
{
    /// <summary>The policy that makes the server write just that.</summary>
    public const string Policy =
        $$"""
        apiVersion: audit.k8s.io/v1
        kind: Policy
        omitStages: [RequestReceived, ResponseStarted]
        rules:
        - level: None
          resources: [{group: coordination.k8s.io, resources: [leases]}]
        - level: Metadata
          users: ["{{BenchCluster.OperatorUser}}"]
          verbs: [create, update, patch, delete, deletecollection]
        - level: None

        """;

    /// <summary>The end of the log now.</summary>
    public long Mark() => File.Exists(path) ? new FileInfo(path).Length : 0;

    /// <summary>The writes since a mark.</summary>
    public IReadOnlyList<AuditedWrite> Since(long mark)
    {
        if (!File.Exists(path))
        {
            return [];
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Seek(mark, SeekOrigin.Begin);
        using var reader = new StreamReader(file, Encoding.UTF8);
        var writes = new List<AuditedWrite>();
        while (reader.ReadLine() is { } line)
        {
            // The last line may still be being written.
            if (line.EndsWith('}'))
            {
                writes.Add(Parse(line));
            }
        }

        return writes;
    }

    private static AuditedWrite Parse(string line)
    {
        using var document = JsonDocument.Parse(line);
        var root = document.RootElement;
        var about = root.GetProperty("objectRef");
        var resource = Text(about, "resource") + (Text(about, "subresource") is { Length: > 0 } sub ? "/" + sub : "");
        return new(root.GetProperty("verb").GetString()!, resource, Text(about, "namespace"), Text(about, "name"), root.GetProperty("responseStatus").GetProperty("code").GetInt32());
    }

    private static string Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";
}
