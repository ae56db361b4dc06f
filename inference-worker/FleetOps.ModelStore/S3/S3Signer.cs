using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore.S3;

/// <summary>Makes addresses that open an object for an hour. Secret keys stay here; only signatures travel.</summary>
internal sealed class S3Signer(S3Options options, S3Identity identity)
{
    private static readonly TimeSpan Validity = TimeSpan.FromHours(1);
    private static readonly BasicAWSCredentials Nobody = new("nobody", "nothing");

    /// <summary>An address for one request.</summary>
    /// <param name="method">GET or HEAD.</param>
    /// <param name="source">The object.</param>
    /// <param name="version">Its version; null for the newest.</param>
    /// <param name="headers">Headers of Amazon's that the request will have.</param>
    /// <param name="cancellationToken">Ends the question for a key.</param>
    /// <returns>The address, and whether it is signed.</returns>
    public async ValueTask<(Uri Address, bool Signed)> SignAsync(
        HttpMethod method, S3ModelSource source, string? version, IReadOnlyList<(string Name, string Value)> headers, CancellationToken cancellationToken)
    {
        AWSCredentials? credentials = await identity.GetAsync(cancellationToken).ConfigureAwait(false);
        AmazonS3Config config = new() { ForcePathStyle = options.UsesPathStyle };
        if (options.Endpoint is { } endpoint)
        {
            (config.ServiceURL, config.AuthenticationRegion) = (endpoint.AbsoluteUri, options.Region);
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.Region);
        }

        using var client = new AmazonS3Client(credentials ?? Nobody, config);
        var request = new GetPreSignedUrlRequest
        {
            BucketName = source.Bucket,
            Key = source.Key,
            VersionId = version,
            Verb = method == HttpMethod.Head ? HttpVerb.HEAD : HttpVerb.GET,
            Protocol = options.Endpoint?.Scheme == Uri.UriSchemeHttp ? Protocol.HTTP : Protocol.HTTPS,

            // The signer counts from the clock of the machine.
            Expires = (TimeProvider.System.GetUtcNow() + Validity).UtcDateTime,
        };
        foreach ((string name, string value) in credentials is null ? [] : headers)
        {
            request.Headers[name] = value;
        }

        Uri address = new(await client.GetPreSignedURLAsync(request).ConfigureAwait(false));
        return credentials is null ? (Unsigned(address, version), false) : (address, true);
    }

    private static Uri Unsigned(Uri address, string? version) =>
        new UriBuilder(address) { Query = version is null ? "" : $"versionId={Uri.EscapeDataString(version)}" }.Uri;
}
