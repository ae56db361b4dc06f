using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore.Tests.Sources;

public sealed class ModelSourceTests
{
    [Fact]
    public void A_hub_source_has_owner_repository_and_file()
    {
        var hub = Assert.IsType<HubModelSource>(ModelSource.Parse("hf://bartowski/Meta-Llama-3.1-8B-Instruct-GGUF/sub/Q4_K_M.gguf"));
        Assert.Equal(("bartowski", "Meta-Llama-3.1-8B-Instruct-GGUF", "sub/Q4_K_M.gguf", null), (hub.Owner, hub.Repository, hub.File, hub.Revision));
        Assert.Equal("Q4_K_M.gguf", hub.FileName);
        Assert.Equal("hf", hub.Scheme);
    }

    [Fact]
    public void A_hub_source_may_name_its_revision()
    {
        var hub = Assert.IsType<HubModelSource>(ModelSource.Parse("hf://o/r/f.gguf@refs/pr/7"));
        Assert.Equal("refs/pr/7", hub.Revision);
        Assert.Equal("f.gguf", hub.File);
    }

    [Fact]
    public void A_claim_source_has_claim_and_path()
    {
        var claim = Assert.IsType<ClaimModelSource>(ModelSource.Parse("pvc://my-models.v2/a b/model.gguf"));
        Assert.Equal(("my-models.v2", "a b/model.gguf", "model.gguf"), (claim.Claim, claim.Path, claim.FileName));
    }

    [Fact]
    public void An_s3_source_has_bucket_and_key()
    {
        var s3 = Assert.IsType<S3ModelSource>(ModelSource.Parse("s3://my-models.v2/a b/m+1?#.gguf"));
        Assert.Equal(("my-models.v2", "a b/m+1?#.gguf", "m+1?#.gguf"), (s3.Bucket, s3.Key, s3.FileName));
    }

    [Fact]
    public void A_file_source_has_an_absolute_path() =>
        Assert.Equal("/models/m.gguf", Assert.IsType<FileModelSource>(ModelSource.Parse("file:///models/m.gguf")).Path);

    [Fact]
    public void A_web_source_demands_a_digest_only_over_plain_http()
    {
        Assert.False(ModelSource.Parse("https://example.org/m.gguf").RequiresDigest);
        Assert.True(ModelSource.Parse("http://example.org/m.gguf").RequiresDigest);
    }

    [Fact]
    public void The_query_of_a_url_is_kept_but_not_shown()
    {
        var web = Assert.IsType<HttpModelSource>(ModelSource.Parse("https://example.org:8443/a/m%20x.gguf?sig=SECRET"));
        Assert.Equal("?sig=SECRET", web.Location.Query);
        Assert.Equal("m x.gguf", web.FileName);
        Assert.Equal("https://example.org:8443/a/m%20x.gguf?…", web.ToString());
        Assert.DoesNotContain("SECRET", $"{web}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "empty")]
    [InlineData("", "empty")]
    [InlineData("model.gguf", "no scheme")]
    [InlineData("://x", "no scheme")]
    [InlineData("ftp://host/m.gguf", "unknown scheme 'ftp'")]
    [InlineData("HTTPS://host/m.gguf", "lower case")]
    [InlineData("s3://bucket", "s3://BUCKET/KEY")]
    [InlineData("s3://bucket/", "s3://BUCKET/KEY")]
    [InlineData("s3:///key", "s3://BUCKET/KEY")]
    [InlineData("s3://ab/key", "3 to 63")]
    [InlineData("s3://Bucket/key", "3 to 63")]
    [InlineData("s3://a..b/key", "3 to 63")]
    [InlineData("s3://-ab/key", "3 to 63")]
    [InlineData("s3://bucket/a//b", "empty segment")]
    [InlineData("s3://bucket/../b", "segment '..'")]
    [InlineData("https://host/m.gguf\n", "control character (U+000A) at position 19")]
    [InlineData("https://", "cannot be read")]
    [InlineData("https:///m.gguf", "cannot be read")]
    [InlineData("https://host:99999/m.gguf", "cannot be read")]
    [InlineData("https://host/", "names a folder")]
    [InlineData("https://host", "names a folder")]
    [InlineData("https://host/dir/", "names a folder")]
    [InlineData("https://host/m.gguf#part", "fragment")]
    [InlineData("https://host/a b.gguf", "space or a non-ASCII character at position 14")]
    [InlineData("https://host/ü.gguf", "percent-encode")]
    [InlineData("https://host\\m.gguf", "backslash")]
    [InlineData("https://user:pw@host/m.gguf", "credentials instead")]
    [InlineData("hf://owner/repo", "incomplete")]
    [InlineData("hf://owner//file", "incomplete")]
    [InlineData("hf:///repo/file", "incomplete")]
    [InlineData("hf://owner/repo/", "incomplete")]
    [InlineData("hf://-owner/repo/f", "owner '-owner' is no hub name")]
    [InlineData("hf://owner/re--po/f", "repository 're--po' is no hub name")]
    [InlineData("hf://owner/repo/../f", "segment '..'")]
    [InlineData("hf://owner/repo/a//f", "empty segment")]
    [InlineData("hf://owner/repo/f?x=1", "without query")]
    [InlineData("hf://owner/repo/f%20g", "percent-encoding")]
    [InlineData("hf://owner/repo/a\\b", "backslash")]
    [InlineData("hf://owner/repo/f@", "revision")]
    [InlineData("hf://owner/repo/f@a b", "revision 'a b'")]
    [InlineData("hf://owner/repo/f@../x", "segment '..'")]
    [InlineData("hf://owner/repo/f@a@b", "revision 'a@b'")]
    [InlineData("pvc://claim", "incomplete")]
    [InlineData("pvc://claim/", "incomplete")]
    [InlineData("pvc:///path", "incomplete")]
    [InlineData("pvc://Claim/path", "names the claim 'Claim'")]
    [InlineData("pvc://-c/path", "names the claim '-c'")]
    [InlineData("pvc://c..d/path", "names the claim 'c..d'")]
    [InlineData("pvc://claim/../other/m.gguf", "segment '..'")]
    [InlineData("pvc://../etc/passwd", "names the claim '..'")]
    [InlineData("pvc://claim/a/./b", "segment '.'")]
    [InlineData("pvc://claim//etc/passwd", "empty segment")]
    [InlineData("file://host/m.gguf", "no absolute path")]
    [InlineData("file://m.gguf", "no absolute path")]
    [InlineData("file:///", "no absolute path")]
    [InlineData("file:///a/../b", "segment '..'")]
    [InlineData("file:///dir/", "empty segment")]
    public void What_is_no_source_is_refused_by_name(string? text, string cause)
    {
        ModelSourceException e = Assert.Throws<ModelSourceException>(() => ModelSource.Parse(text));
        Assert.Equal(ModelSourceReason.InvalidConfiguration, e.Reason);
        Assert.Contains(cause, e.Message, StringComparison.Ordinal);
        Assert.False(ModelSource.TryParse(text, out ModelSource? source, out string? error));
        Assert.Null(source);
        Assert.Equal(e.Message, error);
    }

    [Theory]
    [InlineData("https://user:SECRET@host/m.gguf")]
    [InlineData("https://SECRET@host/m.gguf")]
    [InlineData("https://host/?SECRET")]
    [InlineData("https://host/m.gguf?SECRET#x")]
    [InlineData("https://host/a b?SECRET")]
    [InlineData("https://u:SECRET@host:99999/m")]
    public void A_refusal_repeats_no_secret_of_a_url(string text) =>
        Assert.DoesNotContain("SECRET", Assert.Throws<ModelSourceException>(() => ModelSource.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_source_that_is_too_long_is_refused() =>
        Assert.Contains("5011 characters", Assert.Throws<ModelSourceException>(() => ModelSource.Parse("hf://o/r/ff" + new string('x', 5000))).Message, StringComparison.Ordinal);
}
