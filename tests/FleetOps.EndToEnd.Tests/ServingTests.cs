using System.Text.Json.Nodes;

namespace FleetOps.EndToEnd.Tests;

/// <summary>What the README promises: a manifest becomes a served model.</summary>
public sealed class ServingTests(InstalledFleetOps fleet)
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    [Fact]
    public void The_demo_streams_the_answer_of_the_model_to_the_terminal()
    {
        var (_, answer) = Repository.DemoQuestions.First(pair => fleet.DemoTranscript.Contains(pair.Question, StringComparison.Ordinal));

        Assert.Contains(answer, fleet.DemoTranscript, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Helm_installed_the_chart_and_calls_it_deployed()
    {
        var status = JsonNode.Parse((await Command.RunAsync(fleet.Helm,
            ["status", "fleetops", "--namespace", "fleetops-system", "--kubeconfig", Repository.File(".local", "kubeconfig"), "-o", "json"])).Succeeded())!;

        Assert.Equal("deployed", status["info"]!["status"]!.ToString());
    }

    [Fact]
    public async Task Two_workers_with_a_GPU_each_answer_through_the_Service()
    {
        await using var space = await fleet.NewNamespaceAsync();
        var kubectl = space.Kubectl;
        await kubectl.ApplyAsync(Manifest.Model("pair", replicas: 2));
        await kubectl.WaitAsync("fmd/pair", "condition=Ready", StartLimit);

        var pods = await kubectl.ListAsync("pods", "fleetops.dev/model=pair");
        Assert.Equal(2, pods.Count);
        Assert.All(pods, pod => Assert.Equal("1", pod["spec"]!["containers"]![0]!["resources"]!["limits"]!["nvidia.com/gpu"]!.ToString()));

        using var client = await ModelClient.ThroughServiceAsync(kubectl, "pair");
        foreach (var (question, answer) in Repository.DemoQuestions.Take(10))
        {
            Assert.Equal(answer, await client.AskAsync(question));
        }

        var info = await client.ModelInfoAsync();
        Assert.Equal(("llama", "F16", Manifest.DemoSha256), (info.Architecture, info.Quantization, info.Sha256));
    }

    [Fact]
    public async Task Eight_questions_at_once_get_the_answers_that_each_gets_alone()
    {
        await using var space = await fleet.NewNamespaceAsync();
        var kubectl = space.Kubectl;
        await kubectl.ApplyAsync(Manifest.Model("busy"));
        await kubectl.WaitAsync("fmd/busy", "condition=Ready", StartLimit);
        using var client = await ModelClient.ThroughServiceAsync(kubectl, "busy");

        var pairs = Repository.DemoQuestions.Take(8).ToArray();
        var answers = await Task.WhenAll(pairs.Select(pair => client.AskAsync(pair.Question)));

        Assert.Equal(pairs.Select(pair => pair.Answer), answers);
    }
}
