using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace FleetOps.ModelStore.Tests.Support;

/// <summary>
/// Stands in for the Hugging Face hub: the endpoints, headers and error codes that it answers with, over a server for the API and another one for the
/// storage to which it redirects.
/// </summary>
public sealed class StandInHub : IAsyncDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";
    public const string Repository = "acme/tiny-GGUF";
    public const string FileName = "sub/tiny.Q8_0.gguf";

    private StandInHub(StandInServer api, StandInServer storage, byte[] content)
    {
        Api = api;
        Storage = storage;
        File = new ServedFile(content);
        storage.Serve("/blob", File);
        Install(Commit);
    }

    public StandInServer Api { get; }

    public StandInServer Storage { get; }

    public ServedFile File { get; }

    public string Source => $"hf://{Repository}/{FileName}";

    /// <summary>False for a mirror that leaves out the header with the digest.</summary>
    public bool LinkedETag { get; set; } = true;

    /// <summary>False for a small file that is not in LFS.</summary>
    public bool Lfs { get; set; } = true;

    /// <summary>What the hub says of who may have the files: false, "auto" or "manual".</summary>
    public object Gated { get; set; } = false;

    /// <summary>Where the card says that the text of the licence is.</summary>
    public string? LicenseLink { get; set; }

    /// <summary>Files before the wanted one in the listing, one on each page.</summary>
    public int PagesBefore { get; set; }

    public string? Sha256 { get; set; }

    public long? Size { get; set; }

    public static async Task<StandInHub> StartAsync(byte[] content) => new(await StandInServer.StartAsync(), await StandInServer.StartAsync(), content);

    /// <summary>Lets a branch point to a commit.</summary>
    public void Install(string commit, string branch = "main")
    {
        foreach (string revision in new[] { branch, commit })
        {
            Api.Answer($"/api/models/{Repository}/revision/{revision}", context => context.Response.WriteAsJsonAsync(new
            {
                id = Repository,
                sha = commit,
                gated = Gated,
                tags = new[] { "gguf", "license:mit" },
                cardData = new { license = "other", license_name = "acme-1.0", license_link = LicenseLink, unknown = new[] { 1, 2 } },
            }));
        }

        Api.Answer($"/{Repository}/resolve/{commit}/{FileName}", context => Resolve(context, commit, File, "/blob"));
        Api.Answer($"/api/models/{Repository}/tree/{commit}/sub", context => ListAsync(context, commit));
    }

    /// <summary>Gives the repository one more file.</summary>
    public ServedFile Add(string path, byte[] content)
    {
        var file = new ServedFile(content);
        Storage.Serve($"/blob/{path}", file);
        Api.Answer($"/{Repository}/resolve/{Commit}/{path}", context => Resolve(context, Commit, file, $"/blob/{path}"));
        return file;
    }

    /// <summary>Answers every question about the repository with an error as the hub words it.</summary>
    public void Fail(string path, int status, string? code) => Api.Answer(path, context =>
    {
        context.Response.StatusCode = status;
        if (code is not null)
        {
            context.Response.Headers["X-Error-Code"] = code;
            context.Response.Headers["X-Error-Message"] = "words of the hub";
        }

        return Task.CompletedTask;
    });

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        await Storage.DisposeAsync();
    }

    private Task Resolve(HttpContext context, string commit, ServedFile file, string blob)
    {
        HttpResponse response = context.Response;
        response.Headers["X-Repo-Commit"] = commit;
        if (Lfs && LinkedETag)
        {
            response.Headers["X-Linked-Etag"] = $"\"{(file == File ? Sha256 : null) ?? FetchBench.Sha256(file.Content)}\"";
            response.Headers["X-Linked-Size"] = $"{Size ?? file.Content.Length}";
        }

        if (!Lfs)
        {
            response.Headers.ETag = $"\"{commit}\"";
            return context.Request.Method == "HEAD" ? Task.CompletedTask : file.ServeAsync(context);
        }

        response.StatusCode = 302;
        response.Headers.Location = Storage.At($"{blob}?X-Amz-Signature=abc").AbsoluteUri;
        return Task.CompletedTask;
    }

    private Task ListAsync(HttpContext context, string commit)
    {
        int page = int.TryParse(context.Request.Query["cursor"], System.Globalization.CultureInfo.InvariantCulture, out int cursor) ? cursor : 0;
        if (page < PagesBefore)
        {
            context.Response.Headers["Link"] = $"<{Api.At($"/api/models/{Repository}/tree/{commit}/sub?cursor={page + 1}")}>; rel=\"next\"";
            return context.Response.WriteAsJsonAsync(new[] { new { type = "file", path = $"sub/other-{page}", size = 1 } });
        }

        object entry = Lfs
            ? new { type = "file", path = FileName, size = File.Content.Length, oid = commit, lfs = new { oid = Sha256 ?? FetchBench.Sha256(File.Content), size = File.Content.Length, pointerSize = 135 } }
            : new { type = "file", path = FileName, size = File.Content.Length, oid = commit };
        return context.Response.WriteAsync(JsonSerializer.Serialize(new[] { entry }));
    }
}
