using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace FleetOps.ModelStore.Tests.S3;

/// <summary>Checks a signature of version 4 in a query, by Amazon's description of it, on the address as it came over the wire.</summary>
internal static class QuerySignature
{
    private const string Parameter = "X-Amz-Signature=";

    public static bool IsRight(HttpContext context, string secret)
    {
        HttpRequest request = context.Request;
        string[] target = context.Features.Get<IHttpRequestFeature>()!.RawTarget.Split('?', 2);
        string[] query = target[1].Split('&');
        string given = query.Single(one => one.StartsWith(Parameter, StringComparison.Ordinal))[Parameter.Length..];
        string signed = request.Query["X-Amz-SignedHeaders"].ToString();
        string[] names = signed.Split(';');
        string canonical = string.Join('\n', [
            request.Method,
            target[0],
            string.Join('&', query.Where(one => !one.StartsWith(Parameter, StringComparison.Ordinal)).Order(StringComparer.Ordinal)),
            .. names.Select(name => $"{name}:{request.Headers[name]}"),
            "",
            signed,
            "UNSIGNED-PAYLOAD"]);
        string[] scope = request.Query["X-Amz-Credential"].ToString().Split('/')[1..];
        string text = string.Join('\n', "AWS4-HMAC-SHA256", request.Query["X-Amz-Date"], string.Join('/', scope), Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical))));
        byte[] key = scope.Aggregate(Encoding.UTF8.GetBytes("AWS4" + secret), (last, part) => HMACSHA256.HashData(last, Encoding.UTF8.GetBytes(part)));
        return given == Hex(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)));
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
