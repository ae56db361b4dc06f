using System.Net.Http.Headers;

namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>
/// Makes the API server answer every read of Secrets with their metadata alone. That a Secret exists is all the operator wants to know;
/// values that never arrive cannot leak from its memory or its logs.
/// </summary>
internal sealed class SecretMetadataOnly : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.RequestUri is { } address && address.AbsolutePath.EndsWith("/secrets", StringComparison.Ordinal))
        {
            var kind = new MediaTypeWithQualityHeaderValue("application/json");
            var isWatch = address.Query.Contains("watch=true", StringComparison.Ordinal);
            kind.Parameters.Add(new("as", isWatch ? "PartialObjectMetadata" : "PartialObjectMetadataList"));
            kind.Parameters.Add(new("g", "meta.k8s.io"));
            kind.Parameters.Add(new("v", "v1"));
            request.Headers.Accept.Clear();
            request.Headers.Accept.Add(kind);
        }

        return base.SendAsync(request, cancellationToken);
    }
}
