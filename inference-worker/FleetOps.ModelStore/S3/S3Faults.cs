using FleetOps.ModelStore.Http;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore.S3;

/// <summary>What a refused request means. Amazon's code decides, because one status stands for many causes.</summary>
internal static class S3Faults
{
    /// <summary>The fault behind an answer that is no success.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="error">What its body says.</param>
    /// <param name="source">The object.</param>
    /// <param name="version">The version that was asked for; null for the newest.</param>
    /// <param name="region">The region that was signed for.</param>
    /// <param name="signed">True when a key was used.</param>
    /// <param name="now">Present time, for a Retry-After that names a date.</param>
    public static ModelSourceException Judge(HttpAnswer answer, S3Error error, S3ModelSource source, string? version, string region, bool signed, DateTimeOffset now)
    {
        string host = answer.Address.Authority;
        string said = $"{host} answered {WebFaults.Describe(answer)}{(error.Code.Length > 0 ? $" {error.Code}" : "")} for {source}";
        if (error.Region is { } right && right != region && answer.Status is >= 300 and < 500)
        {
            return Fault(ModelSourceReason.InvalidConfiguration, $"The bucket {source.Bucket} is in the region {right} and {region} was asked; set AWS_REGION={right}.");
        }

        switch (error.Code)
        {
            case "NoSuchBucket":
                return Fault(ModelSourceReason.SourceNotFound, $"The bucket {source.Bucket} does not exist at {host}; check its name and the endpoint.");
            case "NoSuchKey":
                return Fault(ModelSourceReason.SourceNotFound, $"The bucket {source.Bucket} at {host} has no object '{source.Key}'; check its key.");
            case "NoSuchVersion":
                return Fault(ModelSourceReason.SourceNotFound, $"The object {source} at {host} has no version '{version}'; give one that it has, or none for the newest.");
            case "InvalidAccessKeyId":
                return Fault(ModelSourceReason.SourceUnauthorized, $"{said}: it does not know the access key; check the key and that it belongs to this endpoint.");
            case "SignatureDoesNotMatch":
                return Fault(ModelSourceReason.SourceUnauthorized, $"{said}: the secret of the access key is a wrong one, or the endpoint is another host than the server believes to be.");
            case "ExpiredToken" or "TokenRefreshRequired":
                return Fault(ModelSourceReason.SourceUnauthorized, $"{said}: the session of the key has expired; give a fresh key and session token, or a role of the service account.");
            case "InvalidToken":
                return Fault(ModelSourceReason.SourceUnauthorized, $"{said}: it does not accept the session token; check that it belongs to the access key.");
            case "RequestTimeTooSkewed" or "RequestExpired":
                return Fault(ModelSourceReason.SourceUnauthorized, $"{said}: the clock of this machine and the server's are too far apart; set this one right.");
            case "InvalidObjectState":
                return Fault(ModelSourceReason.SourceUnauthorized, $"{said}: the object is archived and cannot be read; restore it first.");
            case "SlowDown" or "Throttling" or "ThrottlingException" or "RequestTimeout" or "InternalError" or "ServiceUnavailable":
                return WebFaults.Passing(answer, now);
        }

        return answer.Status switch
        {
            301 => Fault(ModelSourceReason.InvalidConfiguration, $"{said}: the bucket is elsewhere and it does not say where; check the region (AWS_REGION) and the endpoint (AWS_ENDPOINT_URL_S3)."),
            404 or 410 => Fault(
                ModelSourceReason.SourceNotFound,
                $"{said}: {(answer.Header("x-amz-delete-marker") == "true" ? "the object was deleted" : "there is no such bucket or object")}; check bucket and key."),
            405 when version is not null => Fault(ModelSourceReason.SourceNotFound, $"{said}: the version '{version}' marks the object as deleted; give an older one."),
            401 or 403 when !signed => Fault(
                ModelSourceReason.CredentialsMissing, $"{said} and no credentials were given; give a key (accessKeyId and secretAccessKey in the Secret) or a role of the service account."),
            401 or 403 => Fault(
                ModelSourceReason.SourceUnauthorized, $"{said}: the identity may not read it, or it does not exist and the identity may not list the bucket; allow s3:GetObject."),
            412 => new SourceChangedException($"{source} was replaced while it was read."),
            _ => WebFaults.Judge(answer, now),
        };
    }

    private static ModelSourceException Fault(ModelSourceReason reason, string message) => new(reason, message);
}
