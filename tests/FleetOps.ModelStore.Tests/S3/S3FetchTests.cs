using System.Security.Cryptography;
using FleetOps.ModelStore.S3;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.S3;

/// <summary>Versions, digests and keys, against the stand-in.</summary>
public sealed class S3FetchTests
{
    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 200_000).Build();
    private static readonly byte[] Other = GgufBuilder.Model(tensorBytes: 200_000, seed: 2).Build();

    private static string Checksum(byte[] content) => Convert.ToBase64String(SHA256.HashData(content));

    [Fact]
    public async Task A_checksum_of_the_whole_object_is_enforced()
    {
        await using StandInBucket bucket = await StandInBucket.StartAsync(Model);
        (bucket.Headers["x-amz-checksum-sha256"], bucket.Headers["x-amz-checksum-type"]) = (Checksum(Model), "FULL_OBJECT");
        Assert.Equal(DigestOrigin.Source, (await bucket.FetchAsync()).DigestOrigin);
        Assert.Contains("x-amz-checksum-mode", bucket.Seen.First().Query, StringComparison.Ordinal);

        bucket.Headers["x-amz-checksum-sha256"] = Checksum(Other);
        ModelSourceException e = await bucket.RefusedAsync();
        Assert.Equal(ModelSourceReason.DigestMismatch, e.Reason);
        Assert.Contains(FetchBench.Sha256(Other), e.Message, StringComparison.Ordinal);

        // What was right when it came is not removed for what a source says and does not give.
        Assert.All(bucket.Bench.Published(), path => Assert.Equal(Model, File.ReadAllBytes(path)));
        Assert.Single(bucket.Bench.Published());
    }

    [Theory]
    [InlineData("COMPOSITE")]
    [InlineData(null)]
    public async Task A_checksum_of_parts_and_an_ETag_are_no_digest(string? type)
    {
        await using StandInBucket bucket = await StandInBucket.StartAsync(Model);
        bucket.Versions[0].File.ETag = $"\"{FetchBench.Sha256(Other)}\"";
        bucket.Headers["x-amz-checksum-sha256"] = Checksum(Other);
        if (type is not null)
        {
            bucket.Headers["x-amz-checksum-type"] = type;
        }

        VerifiedModel model = await bucket.FetchAsync();
        Assert.Equal((FetchBench.Sha256(Model), DigestOrigin.Computed), (model.Sha256, model.DigestOrigin));
    }

    [Fact]
    public async Task The_version_is_pinned_and_told()
    {
        await using StandInBucket bucket = await StandInBucket.StartAsync();
        bucket.Versions.Add(("old.1", new ServedFile(Other) { ETag = "\"o\"" }));
        bucket.Versions.Add(("new.2", new ServedFile(Model)));

        // A newer version appears while the file is downloaded.
        bucket.Versions[1].File.Fault = request =>
        {
            bucket.Versions.Add(("newer.3", new ServedFile(Other) { ETag = "\"n\"" }));
            return request == 2 ? new ServedFault { CutAfter = 50_000 } : null;
        };
        bucket.Versions[1].File.Received = bucket.Bench.Progress.ReachedAsync;
        VerifiedModel model = await bucket.FetchAsync();
        Assert.Equal(("new.2", FetchBench.Sha256(Model)), (model.Revision, model.Sha256));
        Assert.Equal(("GET", "\"v1\"", "bytes=50000-"), (bucket.Seen.Last().Method, bucket.Seen.Last().IfMatch, bucket.Seen.Last().Range));
        Assert.All(bucket.Seen.Skip(1), request => Assert.Contains("versionId=new.2", request.Query, StringComparison.Ordinal));

        VerifiedModel old = await bucket.FetchAsync(revision: "old.1");
        Assert.Equal(("old.1", FetchBench.Sha256(Other)), (old.Revision, old.Sha256));
        int asked = bucket.Seen.Count;
        Assert.True((await bucket.FetchAsync(revision: "old.1")).Reused);
        Assert.Equal(asked, bucket.Seen.Count);
    }

    [Fact]
    public async Task A_version_that_does_not_exist_is_named()
    {
        await using StandInBucket bucket = await StandInBucket.StartAsync(Model);
        ModelSourceException e = await bucket.RefusedAsync(revision: "no.9");
        Assert.Equal(ModelSourceReason.SourceNotFound, e.Reason);
        Assert.Contains("no version 'no.9'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_object_that_is_replaced_while_it_is_read_is_asked_for_anew()
    {
        await using StandInBucket bucket = await StandInBucket.StartAsync(Model);
        ServedFile file = bucket.Versions[0].File;
        file.Fault = request =>
        {
            if (request == 3)
            {
                (file.Content, file.ETag) = (Other, "\"tag-new\"");
            }

            return request == 2 ? new ServedFault { CutAfter = 50_000 } : null;
        };
        VerifiedModel model = await bucket.FetchAsync();
        Assert.Equal(FetchBench.Sha256(Other), model.Sha256);
        Assert.Contains(bucket.Bench.Progress.Faults, fault => fault.Message.Contains("was replaced", StringComparison.Ordinal));
        Assert.Equal(("\"tag-new\"", ""), (bucket.Seen.Last().IfMatch, bucket.Seen.Last().Range));
    }

    [Theory]
    [InlineData("accessKeyId", "secretAccessKey", "sessionToken")]
    [InlineData("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")]
    public async Task The_key_of_the_mounted_Secret_comes_first(string id, string secret, string session)
    {
        await using StandInBucket bucket = await StandInBucket.StartAsync(Model);
        bucket.Bench.Folder.Write($"secret/{id}", "MOUNTED\n");
        bucket.Bench.Folder.Write($"secret/{secret}", StandInBucket.Secret + "\n");
        bucket.Bench.Folder.Write($"secret/{session}", "the-session\n");
        await bucket.Bench.FetchAsync(StandInBucket.Source, options: bucket.Bench.Options(bucket.Bench.Folder["secret"], s3: bucket.Options()));
        Assert.All(bucket.Seen, request =>
        {
            Assert.Contains("X-Amz-Credential=MOUNTED%2F", request.Query, StringComparison.Ordinal);
            Assert.Contains("X-Amz-Security-Token=the-session", request.Query, StringComparison.Ordinal);
            Assert.DoesNotContain(StandInBucket.Secret, request.Query, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task A_wrong_secret_is_told_and_not_repeated()
    {
        await using StandInBucket bucket = await StandInBucket.StartAsync(Model);
        bucket.Bench.Folder.Write("secret/accessKeyId", "MOUNTED");
        bucket.Bench.Folder.Write("secret/secretAccessKey", "wrong-secret");
        ModelSourceException e = await bucket.RefusedAsync(credentials: bucket.Bench.Folder["secret"]);
        Assert.Equal(ModelSourceReason.SourceUnauthorized, e.Reason);
        Assert.Contains("secret of the access key is a wrong one", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-secret", e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Half_a_key_is_refused()
    {
        await using StandInBucket bucket = await StandInBucket.StartAsync(Model);
        bucket.Bench.Folder.Write("secret/accessKeyId", "MOUNTED");
        ModelSourceException e = await bucket.RefusedAsync(credentials: bucket.Bench.Folder["secret"]);
        Assert.Equal(ModelSourceReason.CredentialsMissing, e.Reason);
        Assert.Contains("'secretAccessKey'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_key_nothing_is_signed()
    {
        await using StandInBucket bucket = await StandInBucket.StartAsync(Model);
        await bucket.FetchAsync(bucket.Options(key: false));
        Assert.All(bucket.Seen, request => Assert.Equal("", request.Query));
    }

    [Fact]
    public async Task The_role_of_a_service_account_is_taken_and_renewed_when_its_key_runs_out()
    {
        await using StandInBucket bucket = await StandInBucket.StartAsync(Model);
        string token = bucket.Bench.Folder.Write("token", "identity-token\n");
        bucket.Refuse = (request, _) => request == 3 ? new Refusal(400, "ExpiredToken") : null;
        S3Options role = bucket.Options(key: false, role: "arn:aws:iam::123456789012:role/models", tokenFile: token);
        VerifiedModel model = await bucket.FetchAsync(role);
        Assert.Equal(FetchBench.Sha256(Model), model.Sha256);
        Assert.Contains("Action=AssumeRoleWithWebIdentity", bucket.RoleForm, StringComparison.Ordinal);
        Assert.Contains("RoleArn=arn:aws:iam::123456789012:role/models", bucket.RoleForm, StringComparison.Ordinal);
        Assert.Contains("WebIdentityToken=identity-token", bucket.RoleForm, StringComparison.Ordinal);
        Assert.Contains("X-Amz-Credential=ROLE1%2F", bucket.Seen.First().Query, StringComparison.Ordinal);
        Assert.Contains("X-Amz-Security-Token=role-session", bucket.Seen.First().Query, StringComparison.Ordinal);
        Assert.Equal(1, bucket.Roles);
    }

    [Theory]
    [InlineData(403, "AccessDenied", ModelSourceReason.SourceUnauthorized, "trust policy")]
    [InlineData(400, "ExpiredTokenException", ModelSourceReason.SourceUnauthorized, "has expired")]
    [InlineData(400, "InvalidIdentityToken", ModelSourceReason.SourceUnauthorized, "audience")]
    [InlineData(503, "ServiceUnavailable", ModelSourceReason.SourceUnreachable, "after 5 attempts")]
    public async Task A_role_that_is_not_given_is_told_apart(int status, string code, ModelSourceReason reason, string cause)
    {
        await using StandInBucket bucket = await StandInBucket.StartAsync(Model);
        string token = bucket.Bench.Folder.Write("token", "identity-token");
        bucket.RoleRefusal = new Refusal(status, code);
        ModelSourceException e = await bucket.RefusedAsync(bucket.Options(key: false, role: "arn:aws:iam::123456789012:role/models", tokenFile: token));
        Assert.Equal(reason, e.Reason);
        Assert.Contains(cause, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("identity-token", e.ToString(), StringComparison.Ordinal);
        Assert.Empty(bucket.Seen);
    }

    [Fact]
    public async Task A_token_file_that_is_not_there_is_named()
    {
        await using StandInBucket bucket = await StandInBucket.StartAsync(Model);
        ModelSourceException e = await bucket.RefusedAsync(bucket.Options(key: false, role: "arn:aws:iam::123456789012:role/models", tokenFile: bucket.Bench.Folder["none"]));
        Assert.Equal(ModelSourceReason.CredentialsMissing, e.Reason);
        Assert.Contains("AWS_WEB_IDENTITY_TOKEN_FILE", e.Message, StringComparison.Ordinal);
    }
}
