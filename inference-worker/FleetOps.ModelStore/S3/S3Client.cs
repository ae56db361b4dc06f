using System.Net.Http.Headers;
using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Http;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore.S3;

/// <summary>Asks for the version, the size and the digest of an object. Requests are signed by Amazon's library and sent like any other.</summary>
internal sealed class S3Client(HttpExchange exchange, ModelFetcherOptions options, S3ModelSource model)
{
    private const int Sha256Bytes = 32;
    private static readonly (string Name, string Value)[] WithChecksum = [("x-amz-checksum-mode", "ENABLED")];
    private readonly S3Identity _identity = new(options);
    private readonly FileQuestions _files = new(model);

    /// <summary>Where the server is, for messages and to tell stored files of two servers apart.</summary>
    public static string Origin(S3Options s3) => s3.Endpoint?.AbsoluteUri ?? s3.Region;

    /// <summary>Resolves the model.</summary>
    /// <param name="version">Version of its object; null for the newest.</param>
    /// <param name="cancellationToken">Ends the questions.</param>
    /// <exception cref="ModelSourceException">The server does not have it, does not give it, or does not answer.</exception>
    public Task<RemoteModel> ResolveAsync(string? version, CancellationToken cancellationToken) =>
        _files.AskAsync(file => ResolveAsync((S3ModelSource)file, version, cancellationToken));

    private async Task<RemoteFile> ResolveAsync(S3ModelSource source, string? version, CancellationToken cancellationToken)
    {
        var signer = new S3Signer(options.S3, _identity);
        (Uri address, bool signed) = await signer.SignAsync(HttpMethod.Head, source, version, WithChecksum, cancellationToken).ConfigureAwait(false);
        using HttpAnswer head = await exchange.SendAsync(
            new HttpQuestion(HttpMethod.Head, address) { Headers = WithChecksum, Follow = IsNoMove }, cancellationToken).ConfigureAwait(false);
        if (head.Status == 200)
        {
            return Describe(head, signer, source, version, signed) with { SizeBytes = head.Response.Content.Headers.ContentLength };
        }

        // An answer to HEAD has no body, so the cause is asked for with the first byte.
        (address, signed) = await signer.SignAsync(HttpMethod.Get, source, version, [], cancellationToken).ConfigureAwait(false);
        using HttpAnswer first = await exchange.SendAsync(
            new HttpQuestion(HttpMethod.Get, address) { Range = new RangeCondition(0, null, null) { To = 0 }, Follow = IsNoMove }, cancellationToken).ConfigureAwait(false);
        return first.Status switch
        {
            206 => Describe(first, signer, source, version, signed) with { SizeBytes = first.Response.Content.Headers.ContentRange?.Length },
            200 => Describe(first, signer, source, version, signed),
            _ => throw await JudgeAsync(first, source, version, signed, cancellationToken).ConfigureAwait(false),
        };
    }

    // A bucket that has moved for good has to be signed for anew.
    private static bool IsNoMove(HttpAnswer redirect, Uri target) => redirect.Status != 301;

    private RemoteFile Describe(HttpAnswer answer, S3Signer signer, S3ModelSource source, string? version, bool signed)
    {
        string? found = answer.Header("x-amz-version-id");
        string? pinned = found is null or "null" ? version : found;
        EntityTagHeaderValue? tag = answer.Response.Headers.ETag;
        return new RemoteFile(
            async token => new RemoteAddress((await signer.SignAsync(HttpMethod.Get, source, pinned, [], token).ConfigureAwait(false)).Address, null),
            (refused, token) => JudgeAsync(refused, source, pinned, signed, token))
        {
            IsSignedHere = true,
            Sha256 = Digest(answer),
            Revision = pinned,
            ETag = tag?.ToString(),
            MustMatch = tag is { IsWeak: false } ? tag.ToString() : null,
        };
    }

    // An ETag is no digest, and a checksum of checksums (of an object that came in parts) is none either.
    private static string? Digest(HttpAnswer answer)
    {
        Span<byte> digest = stackalloc byte[Sha256Bytes];
        return answer.Header("x-amz-checksum-type") == "FULL_OBJECT" && answer.Header("x-amz-checksum-sha256") is { } text
            && Convert.TryFromBase64String(text, digest, out int length) && length == Sha256Bytes
                ? Convert.ToHexStringLower(digest)
                : null;
    }

    private async ValueTask<ModelSourceException> JudgeAsync(HttpAnswer answer, S3ModelSource source, string? version, bool signed, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(options.ResponseTimeout, options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        S3Error error = await S3Error.ReadAsync(answer.Response, either.Token).ConfigureAwait(false);
        if (_identity.IsRenewable && error.Code is "ExpiredToken" or "InvalidToken")
        {
            _identity.Renew();
            return new TransientSourceException(ModelSourceReason.SourceUnauthorized, $"{answer.Address.Authority} says that the key of the role has expired ({error.Code}).");
        }

        return S3Faults.Judge(answer, error, source, version, options.S3.Region, signed, options.TimeProvider.GetUtcNow());
    }
}
