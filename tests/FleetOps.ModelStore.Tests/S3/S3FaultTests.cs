using FleetOps.ModelStore.S3;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.S3;

/// <summary>What S3 refuses is told by its cause, against the stand-in.</summary>
public sealed class S3FaultTests
{
    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 20_000).Build();

    [Theory]
    [InlineData(404, "NoSuchBucket", ModelSourceReason.SourceNotFound, "bucket models does not exist")]
    [InlineData(404, "NoSuchKey", ModelSourceReason.SourceNotFound, "no object 'sub/m.gguf'")]
    [InlineData(404, "", ModelSourceReason.SourceNotFound, "no such bucket or object")]
    [InlineData(403, "AccessDenied", ModelSourceReason.SourceUnauthorized, "allow s3:GetObject")]
    [InlineData(403, "InvalidAccessKeyId", ModelSourceReason.SourceUnauthorized, "does not know the access key")]
    [InlineData(403, "SignatureDoesNotMatch", ModelSourceReason.SourceUnauthorized, "a wrong one")]
    [InlineData(400, "ExpiredToken", ModelSourceReason.SourceUnauthorized, "session of the key has expired")]
    [InlineData(400, "InvalidToken", ModelSourceReason.SourceUnauthorized, "does not accept the session token")]
    [InlineData(403, "RequestTimeTooSkewed", ModelSourceReason.SourceUnauthorized, "clock of this machine")]
    [InlineData(403, "InvalidObjectState", ModelSourceReason.SourceUnauthorized, "archived")]
    [InlineData(301, "PermanentRedirect", ModelSourceReason.InvalidConfiguration, "does not say where")]
    public async Task A_refusal_ends_the_fetch_at_once_and_is_told_by_its_cause(int status, string code, ModelSourceReason reason, string cause)
    {
        await using StandInBucket bucket = await StandInBucket.StartAsync(Model);
        bucket.Refuse = (_, _) => new Refusal(status, code);
        ModelSourceException e = await bucket.RefusedAsync();
        Assert.Equal(reason, e.Reason);
        Assert.Contains(cause, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("X-Amz", e.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("not-to-be-told", e.ToString(), StringComparison.Ordinal);
        Assert.Equal(["HEAD", "GET"], bucket.Seen.Select(request => request.Method));
        Assert.Empty(bucket.Bench.Progress.Faults);
    }

    [Fact]
    public async Task A_bucket_that_is_not_public_asks_for_a_key()
    {
        await using StandInBucket bucket = await StandInBucket.StartAsync(Model);
        bucket.Refuse = (_, _) => new Refusal(403, "AccessDenied");
        ModelSourceException e = await bucket.RefusedAsync(bucket.Options(key: false));
        Assert.Equal(ModelSourceReason.CredentialsMissing, e.Reason);
        Assert.Contains("accessKeyId", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(301, "PermanentRedirect")]
    [InlineData(400, "AuthorizationHeaderMalformed")]
    [InlineData(400, "AuthorizationQueryParametersError")]
    public async Task The_right_region_is_told(int status, string code)
    {
        await using StandInBucket bucket = await StandInBucket.StartAsync(Model);
        bucket.Refuse = (_, _) => new Refusal(status, code, Region: "eu-central-1");
        ModelSourceException e = await bucket.RefusedAsync();
        Assert.Equal(ModelSourceReason.InvalidConfiguration, e.Reason);
        Assert.Contains("in the region eu-central-1 and us-east-1 was asked; set AWS_REGION=eu-central-1", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(503, "SlowDown")]
    [InlineData(429, "")]
    [InlineData(500, "InternalError")]
    [InlineData(400, "RequestTimeout")]
    public async Task A_server_that_asks_for_patience_gets_it(int status, string code)
    {
        await using StandInBucket bucket = await StandInBucket.StartAsync(Model);
        bucket.Refuse = (request, _) => request is <= 4 or 6 ? new Refusal(status, code, RetryAfter: "9") : null;
        Assert.Equal(FetchBench.Sha256(Model), (await bucket.FetchAsync()).Sha256);
        Assert.Equal(3, bucket.Bench.Progress.Faults.Count);
        Assert.All(bucket.Bench.Progress.Faults, fault => Assert.Equal(TimeSpan.FromSeconds(9), fault.RetryIn));
    }

    [Fact]
    public async Task A_key_that_may_read_but_not_ask_is_enough()
    {
        await using StandInBucket bucket = await StandInBucket.StartAsync(Model);
        bucket.Refuse = (_, request) => request.Method == "HEAD" ? new Refusal(403, "AccessDenied") : null;
        Assert.Equal(Model.Length, (await bucket.FetchAsync()).SizeBytes);
    }

    [Fact]
    public async Task Plain_http_beyond_this_machine_needs_a_digest()
    {
        await using StandInBucket bucket = await StandInBucket.StartAsync(Model);
        ModelSourceException e = await bucket.RefusedAsync(new S3Options { Endpoint = new Uri("http://minio.example:9000") });
        Assert.Equal(ModelSourceReason.InvalidConfiguration, e.Reason);
        Assert.Contains("plain http", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AWS_REGION", "EU Central", "region")]
    [InlineData("AWS_ENDPOINT_URL_S3", "minio:9000", "AWS_ENDPOINT_URL_S3")]
    [InlineData("AWS_ENDPOINT_URL", "https://user:pw@minio", "AWS_ENDPOINT_URL")]
    [InlineData("AWS_S3_ADDRESSING_STYLE", "both", "AWS_S3_ADDRESSING_STYLE")]
    [InlineData("AWS_ACCESS_KEY_ID", "AKID", "AWS_SECRET_ACCESS_KEY")]
    [InlineData("AWS_ROLE_ARN", "arn", "AWS_WEB_IDENTITY_TOKEN_FILE")]
    public void A_variable_that_cannot_be_used_is_named(string name, string value, string named)
    {
        var e = Assert.Throws<ModelSourceException>(() => S3Options.From(variable => variable == name ? value : null).Validate());
        Assert.Equal(ModelSourceReason.InvalidConfiguration, e.Reason);
        Assert.Contains(named, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_variables_of_Amazons_tools_are_read()
    {
        var variables = new Dictionary<string, string>
        {
            ["AWS_ENDPOINT_URL_S3"] = "https://minio.example:9000",
            ["AWS_ENDPOINT_URL_STS"] = "https://sts.example",
            ["AWS_DEFAULT_REGION"] = "eu-west-3",
            ["AWS_S3_ADDRESSING_STYLE"] = "virtual",
            ["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/r",
            ["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/var/run/token",
        };
        S3Options s3 = S3Options.From(variables.GetValueOrDefault);
        s3.Validate();
        Assert.Equal(
            ("https://minio.example:9000/", "https://sts.example/", "eu-west-3", false, "arn:aws:iam::1:role/r", "/var/run/token"),
            (s3.Endpoint?.AbsoluteUri, s3.TokenEndpoint?.AbsoluteUri, s3.Region, s3.UsesPathStyle, s3.RoleArn, s3.WebIdentityTokenFile));
    }
}
