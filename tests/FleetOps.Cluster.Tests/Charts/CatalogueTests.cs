using System.Text.Json.Nodes;
using FleetOps.Cluster.Tests.Crds;
using FleetOps.Cluster.Tests.Support;

namespace FleetOps.Cluster.Tests.Charts;

/// <summary>The chart of models: what its catalogue says is a model that the API takes.</summary>
public sealed class CatalogueTests(CrdServers servers)
{
    private static readonly IReadOnlyList<string> Names =
        [.. Yaml.Read(File.ReadAllText(Repository.Path("charts", "fleetops-models", "files", "catalogue.yaml"))).Single().AsObject().Select(entry => entry.Key)];

    [Fact]
    public async Task Every_model_of_the_catalogue_is_accepted_by_old_and_new_API_servers()
    {
        using var old = new RestClient(servers.Server.CreateConfiguration());
        using var newest = new RestClient(servers.Newest.CreateConfiguration());

        var models = await RenderAsync([.. Names.SelectMany(name => new[] { "--set", $"models.{name}.acceptLicense=true" })]);

        Assert.Equal(Names.Order(StringComparer.Ordinal), models.Select(model => (string)model["metadata"]!["name"]!).Order(StringComparer.Ordinal));
        foreach (var model in models)
        {
            foreach (var rest in new[] { old, newest })
            {
                var answer = await rest.CreateAsync(RestClient.ModelDeployments + "?dryRun=All", model.ToJsonString());
                Assert.True(answer.IsSuccess, answer.Message);
                Assert.Empty(answer.Warnings);
                Assert.True((bool?)answer.Body["spec"]!["model"]!["license"]!["accepted"]);
            }
        }
    }

    [Fact]
    public async Task What_helm_test_creates_is_accepted_too()
    {
        using var newest = new RestClient(servers.Newest.CreateConfiguration());
        var rendered = await Helm.TemplateAsync("--namespace", "default", "--kube-version", "1.35.0", "--show-only", "templates/tests/model.yaml", "--set", "global.imagePullSecrets[0].name=mirror");

        var answer = await newest.CreateAsync(RestClient.ModelDeployments + "?dryRun=All", rendered);

        Assert.True(answer.IsSuccess, answer.Message);
        Assert.Empty(answer.Warnings);
    }

    [Fact]
    public async Task No_licence_is_accepted_unasked()
    {
        var models = await RenderAsync(
            "--set", "models.phi-4.spec.replicas=2", "--set", "models.mine.from=phi-4", "--set", "models.mine.acceptLicense=true", "--set", "models.own.spec.model.source=pvc://models/own.gguf");

        Assert.Equal(
            ["mine mit true", "own  ", "phi-4 mit false"],
            models.Select(model => $"{model["metadata"]!["name"]} {model["spec"]!["model"]!["license"]?["id"]} {model["spec"]!["model"]!["license"]?["accepted"]?.ToJsonString()}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_model_s_own_fields_win_over_those_of_all_and_these_over_the_catalogue_s()
    {
        var model = Assert.Single(await RenderAsync(
            "--set", "models.phi-4.spec.engine.contextLength=1024", "--set", "spec.engine.contextLength=2048,spec.engine.maxSequences=3,spec.model.credentialsSecretRef.name=hub"));

        Assert.Equal((1024, 3), ((int)model["spec"]!["engine"]!["contextLength"]!, (int)model["spec"]!["engine"]!["maxSequences"]!));
        Assert.Equal("hub", (string?)model["spec"]!["model"]!["credentialsSecretRef"]!["name"]);
        Assert.StartsWith("hf://bartowski/phi-4-GGUF/", (string?)model["spec"]!["model"]!["source"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("models.llama-9.acceptLicense=true", "models.llama-9: the catalogue has no model \"llama-9\". It has: bge-m3, ")]
    [InlineData("models.mine.from=llama-9", "models.mine: the catalogue has no model \"llama-9\". It has: bge-m3, ")]
    [InlineData("models.phi-4.replicas=2", "replicas")]
    [InlineData("models.Phi.from=phi-4", "Phi")]
    [InlineData("modles.phi-4.acceptLicense=true", "modles")]
    public async Task What_means_nothing_is_refused_by_its_name(string value, string told)
    {
        var (code, _, error) = await TryRenderAsync("--set", value);

        Assert.NotEqual(0, code);
        Assert.Contains(told, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_licence_that_nobody_named_cannot_be_accepted()
    {
        var (code, _, error) = await TryRenderAsync("--set", "models.own.spec.model.source=pvc://models/own.gguf,models.own.acceptLicense=true");

        Assert.NotEqual(0, code);
        Assert.Contains("models.own.acceptLicense: the model has no licence to accept", error, StringComparison.Ordinal);
    }

    private static async Task<IReadOnlyList<JsonNode>> RenderAsync(params string[] arguments)
    {
        var (code, output, error) = await TryRenderAsync(arguments);
        Assert.True(code == 0, error);
        return Yaml.Read(output);
    }

    private static Task<(int ExitCode, string Output, string Error)> TryRenderAsync(params string[] arguments) =>
        Helm.TryAsync(["template", "models", Repository.Path("charts", "fleetops-models"), "--namespace", "default", "--kube-version", "1.35.0", .. arguments]);
}
