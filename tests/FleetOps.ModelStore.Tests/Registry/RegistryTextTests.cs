using System.Text;
using FleetOps.ModelStore.Credentials;
using FleetOps.ModelStore.Registry;
using FleetOps.ModelStore.Sources;
using FsCheck.Xunit;

namespace FleetOps.ModelStore.Tests.Registry;

/// <summary>References, challenges and Docker's credentials as text.</summary>
public sealed class RegistryTextTests
{
    private static readonly string Digest = new('a', 64);

    public static TheoryData<string, string, string, string?, string?> References => new()
    {
        { "oci://docker.io/ai/smollm2:360M-Q4_K_M", "docker.io", "ai/smollm2", "360M-Q4_K_M", null },
        { "oci://localhost/m", "localhost", "m", null, null },
        { "oci://registry:5000/a/b/c-d__e.f", "registry:5000", "a/b/c-d__e.f", null, null },
        { $"oci://ghcr.io/o/m@sha256:{Digest}", "ghcr.io", "o/m", null, Digest },
        { $"oci://ghcr.io/o/m:v1@sha256:{Digest}", "ghcr.io", "o/m", "v1", Digest },
    };

    [Theory]
    [MemberData(nameof(References))]
    public void A_reference_is_read_and_written_as_it_was(string text, string registry, string repository, string? tag, string? digest)
    {
        var source = (RegistryModelSource)ModelSource.Parse(text);
        Assert.Equal((registry, repository, tag, digest), (source.Registry, source.Repository, source.Tag, source.Digest));
        Assert.Equal(text, source.ToString());
    }

    [Theory]
    [InlineData("oci://ai/smollm2", "write it out, as in oci://docker.io/ai/")]
    [InlineData("oci://ghcr.io", "is incomplete")]
    [InlineData("oci://ghcr.io/", "is incomplete")]
    [InlineData("oci:///m", "is incomplete")]
    [InlineData("oci://ghcr.io/Upper/m", "no repository name")]
    [InlineData("oci://ghcr.io/o//m", "no repository name")]
    [InlineData("oci://ghcr.io/o/../m", "no repository name")]
    [InlineData("oci://ghcr.io/o/m:", "no tag")]
    [InlineData("oci://ghcr.io/o/m:-v", "no tag")]
    [InlineData("oci://ghcr.io/o/m:v1:v2", "no tag")]
    [InlineData("oci://ghcr.io/o/m@sha256:abc", "give sha256:")]
    [InlineData("oci://ghcr.io/o/m@sha512:abc", "give sha256:")]
    [InlineData("oci://user:pass@ghcr.io/o/m", "without user and password")]
    [InlineData("oci://ghcr.io:0/o/m", "port")]
    [InlineData("oci://ghcr.io:99999/o/m", "port")]
    [InlineData("oci://ghcr.io/o/m?x=1", "no repository name")]
    public void What_is_no_reference_is_refused_with_the_cause(string text, string cause)
    {
        Assert.False(ModelSource.TryParse(text, out _, out string? error));
        Assert.Contains(cause, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("realm=\"https://a/t\",service=\"s\",scope=\"repository:x:pull,push\"", "https://a/t|s|repository:x:pull,push")]
    [InlineData("realm=\"https://a/t\" , service=s", "https://a/t|s|")]
    [InlineData("Realm=\"a\\\"b\"", "a\"b||")]
    [InlineData("realm=\"open", "open||")]
    [InlineData("nothing", "||")]
    [InlineData("", "||")]
    public void A_challenge_is_read(string text, string parameters)
    {
        Dictionary<string, string> read = AuthenticationChallenge.Read(text);
        Assert.Equal(parameters, string.Join('|', read.GetValueOrDefault("realm"), read.GetValueOrDefault("service"), read.GetValueOrDefault("scope")));
    }

    [Property]
    public void A_challenge_never_breaks_its_reader(string? text) => Assert.NotNull(AuthenticationChallenge.Read(text ?? ""));

    [Theory]
    [InlineData("ghcr.io", "ghcr.io", "o/m", true)]
    [InlineData("https://ghcr.io", "ghcr.io", "o/m", true)]
    [InlineData("https://ghcr.io/v1/", "ghcr.io", "o/m", true)]
    [InlineData("ghcr.io/o", "ghcr.io", "o/m", true)]
    [InlineData("ghcr.io/o", "ghcr.io", "other/m", false)]
    [InlineData("ghcr.io/o", "ghcr.io", "oo/m", false)]
    [InlineData("ghcr.io", "ghcr.io.evil.example", "o/m", false)]
    [InlineData("*.example.com", "a.example.com", "m", true)]
    [InlineData("*.example.com", "a.b.example.com", "m", false)]
    [InlineData("*.example.com", "example.com", "m", false)]
    [InlineData("registry:5000", "registry:5000", "m", true)]
    [InlineData("registry:5000", "registry", "m", false)]
    [InlineData("https://index.docker.io/v1/", "docker.io", "ai/m", true)]
    [InlineData("docker.io", "registry-1.docker.io", "ai/m", true)]
    public void Docker_credentials_are_for_the_repositories_that_their_address_names(string key, string registry, string repository, bool found)
    {
        byte[] json = Encoding.UTF8.GetBytes($"{{\"auths\":{{\"{key}\":{{\"username\":\"u\",\"password\":\"p\"}}}},\"credsStore\":\"desktop\"}}");
        Assert.Equal(found, DockerConfig.Find(json, registry, repository) is not null);
    }

    [Fact]
    public void The_longest_address_that_fits_wins()
    {
        byte[] json = "{\"auths\":{\"ghcr.io\":{\"auth\":\"YTph\"},\"ghcr.io/o/m\":{\"auth\":\"Yzpj\"},\"ghcr.io/o\":{\"auth\":\"Yjpi\"}}}"u8.ToArray();
        Assert.Equal(["Yzpj", "Yjpi", "YTph"], new[] { "o/m", "o/x", "x" }.Select(repository => DockerConfig.Find(json, "ghcr.io", repository)?.Parameter));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"auths\":[]}")]
    [InlineData("{\"auths\":{\"ghcr.io\":{\"auth\":\"not base 64\"}}}")]
    [InlineData("{\"auths\":{\"ghcr.io\":{\"auth\":\"bm9jb2xvbg==\"}}}")]
    public void What_is_no_configuration_of_Docker_is_told(string json) =>
        Assert.Throws<FormatException>(() => DockerConfig.Find(Encoding.UTF8.GetBytes(json), "ghcr.io", "o/m"));
}
