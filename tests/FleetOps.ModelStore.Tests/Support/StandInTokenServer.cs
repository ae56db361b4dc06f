using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace FleetOps.ModelStore.Tests.Support;

/// <summary>
/// Stands in for the token server of a registry and speaks its protocol: a question with service and scope, user and password if there are any, a signed
/// token that names what it allows. Repositories under <c>public/</c> are for anybody, those under <c>private/</c> for <see cref="User"/>.
/// </summary>
public sealed class StandInTokenServer : IAsyncDisposable
{
    public const string Service = "registry.test";
    public const string Issuer = "token.test";
    public const string User = "alice";
    public const string Password = "open: sesame";

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _certificate;

    private StandInTokenServer(StandInServer server)
    {
        Server = server;
        Realm = server.Answer("/token", AnswerAsync);
        _certificate = new CertificateRequest("CN=token.test", _key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    public StandInServer Server { get; }

    public Uri Realm { get; }

    /// <summary>By what the registry knows the tokens of this server.</summary>
    public string CertificatePem => _certificate.ExportCertificatePem();

    public static async Task<StandInTokenServer> StartAsync() => new(await StandInServer.StartAsync(tls: false));

    /// <summary>A token for a repository.</summary>
    public string Issue(string repository, params string[] actions)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        var header = new JsonObject { ["typ"] = "JWT", ["alg"] = "ES256", ["x5c"] = new JsonArray(Convert.ToBase64String(_certificate.RawData)) };
        var claims = new JsonObject
        {
            ["iss"] = Issuer,
            ["sub"] = User,
            ["aud"] = Service,
            ["exp"] = now.AddMinutes(5).ToUnixTimeSeconds(),
            ["nbf"] = now.AddMinutes(-1).ToUnixTimeSeconds(),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["jti"] = Guid.NewGuid().ToString(),
            ["access"] = new JsonArray(actions.Length == 0
                ? []
                : [new JsonObject { ["type"] = "repository", ["name"] = repository, ["actions"] = new JsonArray([.. actions.Select(static action => JsonValue.Create(action))]) }]),
        };
        string signed = $"{Encode(JsonSerializer.SerializeToUtf8Bytes(header))}.{Encode(JsonSerializer.SerializeToUtf8Bytes(claims))}";
        lock (_key)
        {
            return $"{signed}.{Encode(_key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}";
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _certificate.Dispose();
        _key.Dispose();
    }

    private static string Encode(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    private Task AnswerAsync(HttpContext context)
    {
        string given = context.Request.Headers.Authorization.ToString();
        bool known = given == $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}"))}";
        string[] scope = context.Request.Query["scope"].ToString().Split(':');
        if ((given.Length > 0 && !known) || context.Request.Query["service"] != Service || scope is not ["repository", _, "pull"])
        {
            context.Response.StatusCode = 401;
            return Task.CompletedTask;
        }

        bool allowed = scope[1].StartsWith("public/", StringComparison.Ordinal) || (known && scope[1].StartsWith("private/", StringComparison.Ordinal));
        return context.Response.WriteAsJsonAsync(new { token = Issue(scope[1], allowed ? ["pull"] : []), expires_in = 300 });
    }
}
