using Amazon;
using Amazon.Runtime;
using Amazon.SecurityToken;
using Amazon.SecurityToken.Model;
using FleetOps.ModelStore.Credentials;
using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.Http;

namespace FleetOps.ModelStore.S3;

/// <summary>As whom S3 is asked: the key of the credentials folder, else that of the options, else the role of the service account, else nobody.</summary>
internal sealed class S3Identity(ModelFetcherOptions options)
{
    // Temporary keys are replaced this long before they run out.
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);
    private AWSCredentials? _role;
    private DateTimeOffset _roleUntil;

    /// <summary>True when a key that ran out can be replaced by a fresh one.</summary>
    public bool IsRenewable => _role is not null;

    /// <summary>The key to sign with; null signs nothing.</summary>
    /// <exception cref="ModelSourceException">There is none to be had.</exception>
    public async ValueTask<AWSCredentials?> GetAsync(CancellationToken cancellationToken)
    {
        S3Options s3 = options.S3;
        if (SourceCredentials.Read(options.CredentialsDirectory).ForS3() is { } mounted)
        {
            return Of(mounted);
        }

        if (s3 is { AccessKeyId: { } id, SecretAccessKey: { } secret })
        {
            return Of((id, secret, s3.SessionToken));
        }

        if (s3 is not { RoleArn: { } role, WebIdentityTokenFile: { } file })
        {
            return null;
        }

        if (_role is null || _roleUntil - Margin < options.TimeProvider.GetUtcNow())
        {
            _role = await TakeRoleAsync(role, file, cancellationToken).ConfigureAwait(false);
        }

        return _role;
    }

    /// <summary>Forgets a temporary key, so that the next question brings a fresh one.</summary>
    public void Renew() => _roleUntil = default;

    private static AWSCredentials Of((string Id, string Secret, string? Session) key) => key.Session is null
        ? new BasicAWSCredentials(key.Id, key.Secret)
        : new SessionAWSCredentials(key.Id, key.Secret, key.Session);

    private async Task<AWSCredentials> TakeRoleAsync(string role, string file, CancellationToken cancellationToken)
    {
        string token;
        try
        {
            token = (await File.ReadAllTextAsync(file, cancellationToken).ConfigureAwait(false)).Trim();
        }
        catch (Exception e) when (DiskFaults.IsDiskFault(e))
        {
            throw new ModelSourceException(
                ModelSourceReason.CredentialsMissing, $"The token of the service account cannot be read: {e.Message} Check AWS_WEB_IDENTITY_TOKEN_FILE.", e);
        }

        AmazonSecurityTokenServiceConfig config = new() { MaxErrorRetry = 0, Timeout = options.ResponseTimeout };
        if (options.S3.TokenEndpoint is { } endpoint)
        {
            (config.ServiceURL, config.AuthenticationRegion) = (endpoint.AbsoluteUri, options.S3.Region);
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.S3.Region);
        }

        string host = options.S3.TokenEndpoint?.Authority ?? $"sts.{options.S3.Region}.amazonaws.com";
        using var service = new AmazonSecurityTokenServiceClient(new AnonymousAWSCredentials(), config);
        var request = new AssumeRoleWithWebIdentityRequest { RoleArn = role, RoleSessionName = options.S3.RoleSessionName, WebIdentityToken = token };
        try
        {
            AssumeRoleWithWebIdentityResponse answer = await service.AssumeRoleWithWebIdentityAsync(request, cancellationToken).ConfigureAwait(false);
            _roleUntil = answer.Credentials.Expiration is { } until ? new DateTimeOffset(until.ToUniversalTime()) : options.TimeProvider.GetUtcNow() + 2 * Margin;
            return Of((answer.Credentials.AccessKeyId, answer.Credentials.SecretAccessKey, answer.Credentials.SessionToken));
        }
        catch (AmazonServiceException e)
        {
            throw Judge(e, role, host);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or AmazonClientException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw Unreachable(host, e);
        }
    }

    private static ModelSourceException Judge(AmazonServiceException e, string role, string host) => e.ErrorCode switch
    {
        "AccessDenied" => new ModelSourceException(
            ModelSourceReason.SourceUnauthorized, $"{host} does not let this service account take the role {role}; add its namespace and name to the role's trust policy.", e),
        "ExpiredTokenException" or "ExpiredToken" => new ModelSourceException(
            ModelSourceReason.SourceUnauthorized, $"{host} says that the token of the service account has expired; check that its file (AWS_WEB_IDENTITY_TOKEN_FILE) is renewed.", e),
        "InvalidIdentityToken" or "InvalidIdentityTokenException" => new ModelSourceException(
            ModelSourceReason.SourceUnauthorized, $"{host} does not accept the token of the service account for the role {role}; check the identity provider of the account and the token's audience.", e),
        _ when (int)e.StatusCode is 0 or 429 or >= 500 || e.ErrorCode is "IDPCommunicationError" or "Throttling" or "ThrottlingException" => Unreachable(host, e),
        _ => new ModelSourceException(ModelSourceReason.SourceUnauthorized, $"{host} gives no key for the role {role}: {(int)e.StatusCode} ({e.ErrorCode}); check AWS_ROLE_ARN.", e),
    };

    private static TransientSourceException Unreachable(string host, Exception e) => new(
        ModelSourceReason.SourceUnreachable, $"{host}, which gives the keys of a role, cannot be reached: {e.GetType().Name}. Check AWS_ENDPOINT_URL_STS and that egress to it is allowed.", innerException: e);
}
