using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace FleetOps.ModelStore.Tests.Support;

/// <summary>A model as registries hold it: a manifest and the blobs that it names.</summary>
public sealed class ModelImage
{
    public const string ManifestType = "application/vnd.oci.image.manifest.v1+json";
    public const string IndexType = "application/vnd.oci.image.index.v1+json";
    public const string DockerGguf = "application/vnd.docker.ai.gguf.v3";
    public const string PackRaw = "application/vnd.cncf.model.weight.v1.raw";

    private ModelImage(JsonObject manifest, string type, IReadOnlyList<byte[]> blobs) =>
        (Type, Manifest, Blobs) = (type, JsonSerializer.SerializeToUtf8Bytes(manifest), blobs);

    public string Type { get; }

    public byte[] Manifest { get; }

    public IReadOnlyList<byte[]> Blobs { get; }

    public string Digest => DigestOf(Manifest);

    public static string DigestOf(byte[] content) => "sha256:" + FetchBench.Sha256(content);

    /// <summary>As Docker packages models: one layer for each file, told apart by its type.</summary>
    public static ModelImage Docker(params (string Type, byte[] Content)[] layers) =>
        Make("application/vnd.docker.ai.model.config.v0.1+json", "{\"config\":{\"format\":\"gguf\"}}", null, [.. layers.Select(layer => (layer.Type, (string?)null, layer.Content))]);

    /// <summary>As ModelPack has it: files named by annotations, the licence in the description.</summary>
    public static ModelImage Pack(params (string Type, string? Name, byte[] Content)[] layers) => Make(
        "application/vnd.cncf.model.config.v1+json",
        "{\"descriptor\":{\"licenses\":[\"Apache-2.0\",\"MIT\"]},\"config\":{\"format\":\"gguf\"},\"modelfs\":{\"type\":\"layers\",\"diffIds\":[]}}",
        "application/vnd.cncf.model.manifest.v1+json",
        layers);

    /// <summary>As <c>oras push</c> writes it: any type, the name as a title.</summary>
    public static ModelImage Oras(string name, byte[] content) => Make(
        "application/vnd.oci.empty.v1+json", "{}", "application/vnd.unknown.artifact.v1", [("application/vnd.oci.image.layer.v1.tar", name, content)], "org.opencontainers.image.title");

    /// <summary>An index of manifests, each for a platform (<c>os/architecture</c>).</summary>
    public static ModelImage Index(params (string? Platform, ModelImage Image)[] entries)
    {
        var manifests = new JsonArray();
        foreach ((string? platform, ModelImage image) in entries)
        {
            var entry = new JsonObject { ["mediaType"] = image.Type, ["digest"] = image.Digest, ["size"] = image.Manifest.Length };
            if (platform?.Split('/') is [string os, string architecture])
            {
                entry["platform"] = new JsonObject { ["os"] = os, ["architecture"] = architecture };
            }

            manifests.Add(entry);
        }

        return new ModelImage(new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = IndexType, ["manifests"] = manifests }, IndexType, []);
    }

    /// <summary>Serves the image as a registry that asks for nothing does; returns its weights (the first layer).</summary>
    public ServedFile Serve(FetchBench bench, string repository, params string[] tags)
    {
        foreach (string reference in (string[])[.. tags, Digest])
        {
            bench.Server.Answer($"/v2/{repository}/manifests/{reference}", AnswerAsync);
        }

        List<ServedFile> files = [.. Blobs.Select(static blob => new ServedFile(blob))];
        foreach (ServedFile file in files)
        {
            bench.Serve($"/v2/{repository}/blobs/{DigestOf(file.Content)}", file);
        }

        return files.Count > 1 ? files[1] : new ServedFile([]);
    }

    /// <summary>The same at another registry.</summary>
    public void Serve(StandInServer server, string repository, params string[] tags)
    {
        foreach (string reference in (string[])[.. tags, Digest])
        {
            server.Answer($"/v2/{repository}/manifests/{reference}", AnswerAsync);
        }

        foreach (byte[] blob in Blobs)
        {
            server.Serve($"/v2/{repository}/blobs/{DigestOf(blob)}", new ServedFile(blob));
        }
    }

    public async Task AnswerAsync(HttpContext context)
    {
        context.Response.ContentType = Type;
        context.Response.Headers["Docker-Content-Digest"] = Digest;
        await context.Response.Body.WriteAsync(Manifest);
    }

    private static ModelImage Make(
        string configType, string config, string? artifactType, (string Type, string? Name, byte[] Content)[] layers, string nameKey = "org.cncf.model.filepath")
    {
        byte[] description = System.Text.Encoding.UTF8.GetBytes(config);
        var manifest = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = ManifestType,
            ["config"] = Descriptor(configType, description),
            ["layers"] = new JsonArray([.. layers.Select(layer => Named(Descriptor(layer.Type, layer.Content), layer.Name, nameKey))]),
        };
        if (artifactType is not null)
        {
            manifest["artifactType"] = artifactType;
        }

        return new ModelImage(manifest, ManifestType, [description, .. layers.Select(static layer => layer.Content)]);
    }

    private static JsonObject Descriptor(string type, byte[] content) =>
        new() { ["mediaType"] = type, ["digest"] = DigestOf(content), ["size"] = content.Length };

    private static JsonObject Named(JsonObject descriptor, string? name, string key)
    {
        if (name is not null)
        {
            descriptor["annotations"] = new JsonObject { [key] = name };
        }

        return descriptor;
    }
}
