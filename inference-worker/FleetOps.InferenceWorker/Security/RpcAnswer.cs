using System.Globalization;
using System.Text;
using Grpc.Core;
using Microsoft.Extensions.Primitives;

namespace FleetOps.InferenceWorker.Security;

/// <summary>Answers a gRPC call before gRPC has seen it.</summary>
internal static class RpcAnswer
{
    /// <summary>Ends the call with a status alone ("Trailers-Only" of the gRPC protocol): everything stands in the response's headers.</summary>
    public static Task WriteAsync(HttpContext context, RpcException error)
    {
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.ContentType = "application/grpc";
        Describe(context.Response.Headers, error);
        return context.Response.CompleteAsync();
    }

    /// <summary>Writes a status into headers or trailers, in place of one that is there.</summary>
    public static void Describe(IHeaderDictionary headers, RpcException error)
    {
        headers["grpc-status"] = ((int)error.StatusCode).ToString(CultureInfo.InvariantCulture);
        headers["grpc-message"] = PercentEncoded(error.Status.Detail);
        foreach (var entry in error.Trailers)
        {
            headers[entry.Key] = entry.IsBinary ? new StringValues(Convert.ToBase64String(entry.ValueBytes)) : new StringValues(entry.Value);
        }
    }

    /// <summary>Escapes what is not visible ASCII, and no more: some clients turn nothing else back.</summary>
    private static string PercentEncoded(string text)
    {
        var encoded = new StringBuilder(text.Length);
        foreach (var unit in Encoding.UTF8.GetBytes(text))
        {
            if (unit is >= (byte)' ' and <= (byte)'~' and not (byte)'%')
            {
                encoded.Append((char)unit);
            }
            else
            {
                encoded.Append('%').Append(unit.ToString("X2", CultureInfo.InvariantCulture));
            }
        }

        return encoded.ToString();
    }
}
