using System.Collections.Concurrent;
using System.Net;
using FleetOps.ModelStore.S3;
using FleetOps.ModelStore.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace FleetOps.ModelStore.Tests.S3;

/// <summary>
/// A stand-in (no S3 server) for what s3rver does not do: signatures of version 4, versions, checksums, sessions, regions, throttling, and the Security
/// Token Service.
/// </summary>
public sealed class StandInBucket : IAsyncDisposable
{
    public const string Secret = "not-to-be-told";
    public const string Source = "s3://models/sub/m.gguf";
    private const string ObjectPath = "/models/sub/m.gguf";

    private StandInBucket(FetchBench bench)
    {
        Bench = bench;
        bench.Server.Answer(ObjectPath, AnswerAsync);
        bench.Server.Answer("/", TakeRoleAsync);
    }

    public FetchBench Bench { get; }

    /// <summary>The versions, the newest last.</summary>
    public IList<(string? Version, ServedFile File)> Versions { get; } = new List<(string?, ServedFile)>();

    /// <summary>Headers of each answer that succeeds.</summary>
    public IDictionary<string, string> Headers { get; } = new Dictionary<string, string>();

    /// <summary>Refuses a request, counted from 1; null lets it pass.</summary>
    public Func<int, HttpRequest, Refusal?> Refuse { get; set; } = (_, _) => null;

    /// <summary>What was asked: method, query, If-Match and Range.</summary>
    public ConcurrentQueue<(string Method, string Query, string IfMatch, string Range)> Seen { get; } = new();

    /// <summary>How often the role was taken; each time brings another key.</summary>
    public int Roles { get; private set; }

    /// <summary>The form that the token service was sent last.</summary>
    public string RoleForm { get; private set; } = "";

    public Refusal? RoleRefusal { get; set; }

    public static async Task<StandInBucket> StartAsync(params byte[][] contents)
    {
        var bucket = new StandInBucket(await FetchBench.StartAsync(tls: false));
        for (int i = 0; i < contents.Length; i++)
        {
            bucket.Versions.Add((null, new ServedFile(contents[i]) { ETag = $"\"tag-{i}\"", Received = bucket.Bench.Progress.ReachedAsync }));
        }

        return bucket;
    }

    public S3Options Options(string region = S3Options.DefaultRegion, bool key = true, string? session = null, string? role = null, string? tokenFile = null, Uri? endpoint = null) => new()
    {
        Endpoint = endpoint ?? Bench.Server.Address,
        TokenEndpoint = Bench.Server.Address,
        Region = region,
        AccessKeyId = key ? "AKID" : null,
        SecretAccessKey = key ? Secret : null,
        SessionToken = session,
        RoleArn = role,
        WebIdentityTokenFile = tokenFile,
    };

    public Task<VerifiedModel> FetchAsync(S3Options? s3 = null, string? sha256 = null, string? revision = null) =>
        Bench.FetchAsync(Source, sha256, revision, Bench.Options(s3: s3 ?? Options()));

    public Task<ModelSourceException> RefusedAsync(S3Options? s3 = null, string? sha256 = null, string? revision = null, string? credentials = null) =>
        Bench.RefusedAsync(Source, sha256, revision, Bench.Options(credentials, s3: s3 ?? Options()));

    public ValueTask DisposeAsync() => Bench.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        Seen.Enqueue((request.Method, request.QueryString.Value ?? "", request.Headers.IfMatch.ToString(), request.Headers.Range.ToString()));
        if (Refuse(Seen.Count, request) is { } refusal)
        {
            await refusal.WriteAsync(context);
            return;
        }

        string id = request.Query["X-Amz-Credential"].ToString().Split('/')[0];
        if (id.Length > 0 && !QuerySignature.IsRight(context, id.StartsWith("ROLE", StringComparison.Ordinal) ? "role-secret" : Secret))
        {
            await new Refusal(403, "SignatureDoesNotMatch").WriteAsync(context);
            return;
        }

        string? version = request.Query["versionId"];
        (string? found, ServedFile? file) = version is null ? Versions[^1] : Versions.FirstOrDefault(one => one.Version == version);
        if (file is null)
        {
            await new Refusal(404, "NoSuchVersion").WriteAsync(context);
            return;
        }

        if (found is not null)
        {
            context.Response.Headers["x-amz-version-id"] = found;
        }

        foreach ((string name, string value) in Headers)
        {
            context.Response.Headers[name] = value;
        }

        await file.ServeAsync(context);
    }

    private async Task TakeRoleAsync(HttpContext context)
    {
        Roles++;
        using var reader = new StreamReader(context.Request.Body);
        RoleForm = WebUtility.UrlDecode(await reader.ReadToEndAsync());
        if (RoleRefusal is { } refusal)
        {
            context.Response.StatusCode = refusal.Status;
            await context.Response.WriteAsync($"<ErrorResponse><Error><Type>Sender</Type><Code>{refusal.Code}</Code><Message>words</Message></Error></ErrorResponse>");
            return;
        }

        context.Response.ContentType = "text/xml";
        await context.Response.WriteAsync($"""
            <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>
            <AccessKeyId>ROLE{Roles}</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey><SessionToken>role-session</SessionToken>
            <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>
            """);
    }
}
