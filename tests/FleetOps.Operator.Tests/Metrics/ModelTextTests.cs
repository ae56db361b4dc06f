using System.Text;
using System.Text.RegularExpressions;
using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Metrics;

namespace FleetOps.Operator.Tests.Metrics;

/// <summary>Dashboards and alerts are written against these names and labels; a change here breaks them.</summary>
public sealed partial class ModelTextTests
{
    private const string Contract = """
        fleetops_modeldeployment_condition{model,namespace,reason,status,type}
        fleetops_modeldeployment_fetched_bytes{model,namespace}
        fleetops_modeldeployment_gpus{model,namespace}
        fleetops_modeldeployment_info{architecture,model,namespace,quantization}
        fleetops_modeldeployment_phase{model,namespace,phase}
        fleetops_modeldeployment_ready_replicas{model,namespace}
        fleetops_modeldeployment_replicas{model,namespace}
        fleetops_modeldeployment_startup_seconds{model,namespace,phase}
        fleetops_modeldeployment_total_bytes{model,namespace}
        fleetops_modeldeployment_updated_replicas{model,namespace}
        """;

    private const string CacheContract = """
        fleetops_modelcache_condition{cache,namespace,reason,status,type}
        fleetops_modelcache_fetched_bytes{cache,namespace}
        fleetops_modelcache_phase{cache,namespace,phase}
        fleetops_modelcache_places{cache,namespace}
        fleetops_modelcache_ready_places{cache,namespace}
        fleetops_modelcache_total_bytes{cache,namespace}
        """;

    private static readonly DateTime Noon = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);

    [Fact]
    public async Task Names_and_labels_are_kept()
    {
        var told = Sample().Matches(await TextAsync([Fetching()], Started(Fetching()), FetchingCache()))
            .Select(sample => $"{sample.Groups["name"].Value}{{{string.Join(',', sample.Groups["label"].Captures.Select(label => label.Value).Order(StringComparer.Ordinal))}}}")
            .Distinct(StringComparer.Ordinal);

        Assert.Equal(CacheContract.Split('\n', StringSplitOptions.TrimEntries).Concat(Contract.Split('\n', StringSplitOptions.TrimEntries)), told);
    }

    [Fact]
    public async Task A_model_is_told_as_its_spec_and_status_say()
    {
        var model = Fetching();

        Assert.Equal(
            """
            # TYPE fleetops_modeldeployment_condition gauge
            fleetops_modeldeployment_condition{namespace="chat",model="demo",type="Ready",status="False",reason="FetchingWeights"} 1
            # TYPE fleetops_modeldeployment_fetched_bytes gauge
            fleetops_modeldeployment_fetched_bytes{namespace="chat",model="demo"} 10
            # TYPE fleetops_modeldeployment_gpus gauge
            fleetops_modeldeployment_gpus{namespace="chat",model="demo"} 6
            # TYPE fleetops_modeldeployment_info gauge
            fleetops_modeldeployment_info{namespace="chat",model="demo",architecture="llama",quantization="Q4_K_M"} 1
            # TYPE fleetops_modeldeployment_phase gauge
            fleetops_modeldeployment_phase{namespace="chat",model="demo",phase="Fetching"} 1
            # TYPE fleetops_modeldeployment_ready_replicas gauge
            fleetops_modeldeployment_ready_replicas{namespace="chat",model="demo"} 1
            # TYPE fleetops_modeldeployment_replicas gauge
            fleetops_modeldeployment_replicas{namespace="chat",model="demo"} 3
            # TYPE fleetops_modeldeployment_startup_seconds gauge
            fleetops_modeldeployment_startup_seconds{namespace="chat",model="demo",phase="Fetching"} 8
            fleetops_modeldeployment_startup_seconds{namespace="chat",model="demo",phase="Loading"} 2.25
            # TYPE fleetops_modeldeployment_total_bytes gauge
            fleetops_modeldeployment_total_bytes{namespace="chat",model="demo"} 100
            # TYPE fleetops_modeldeployment_updated_replicas gauge
            fleetops_modeldeployment_updated_replicas{namespace="chat",model="demo"} 2
            """,
            string.Join('\n', (await TextAsync([model], Started(model))).Split('\n').Where(line => line.Length > 0 && !line.StartsWith("# HELP ", StringComparison.Ordinal))));
    }

    [Fact]
    public async Task A_model_without_status_is_pending_and_nothing_else_is_made_up()
    {
        var text = await TextAsync([Given.Model()], new());

        Assert.Contains("""fleetops_modeldeployment_phase{namespace="chat",model="demo",phase="Pending"} 1""", text, StringComparison.Ordinal);
        Assert.Contains("""fleetops_modeldeployment_ready_replicas{namespace="chat",model="demo"} 0""", text, StringComparison.Ordinal);
        Assert.DoesNotMatch("""(_bytes|_condition|startup_seconds)\{""", text);
    }

    [Fact]
    public async Task Each_family_stands_together_with_its_models_in_order()
    {
        var text = await TextAsync([Given.Model("b"), Given.Model("c"), Given.Model("a")], new());

        Assert.Equal(["a", "b", "c"], Regex.Matches(text, "_replicas\\{namespace=\"chat\",model=\"(?<model>.)\"", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1))
            .Select(sample => sample.Groups["model"].Value).Take(3));
        Assert.Equal(ModelFamilies.All.Count, text.Split('\n').Count(line => line.StartsWith("# TYPE ", StringComparison.Ordinal)));
        Assert.Equal(ModelFamilies.All.Select(family => family.Name), ModelFamilies.All.Select(family => family.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_ModelCache_is_told_as_its_status_says()
    {
        Assert.Equal(
            """
            # TYPE fleetops_modelcache_condition gauge
            fleetops_modelcache_condition{namespace="chat",cache="llama",type="Ready",status="False",reason="FetchingWeights"} 1
            # TYPE fleetops_modelcache_fetched_bytes gauge
            fleetops_modelcache_fetched_bytes{namespace="chat",cache="llama"} 110
            # TYPE fleetops_modelcache_phase gauge
            fleetops_modelcache_phase{namespace="chat",cache="llama",phase="Fetching"} 1
            # TYPE fleetops_modelcache_places gauge
            fleetops_modelcache_places{namespace="chat",cache="llama"} 2
            # TYPE fleetops_modelcache_ready_places gauge
            fleetops_modelcache_ready_places{namespace="chat",cache="llama"} 1
            # TYPE fleetops_modelcache_total_bytes gauge
            fleetops_modelcache_total_bytes{namespace="chat",cache="llama"} 200
            """,
            string.Join('\n', (await TextAsync([], new(), FetchingCache())).Split('\n').Where(line => line.Contains("fleetops_modelcache", StringComparison.Ordinal) && !line.StartsWith("# HELP ", StringComparison.Ordinal))));
    }

    [Fact]
    public void A_write_that_was_held_up_keeps_what_is_told_stale_for_seconds_and_not_for_minutes()
    {
        Assert.Equal(TimeSpan.FromMilliseconds(200), ModelMetrics.Pause(TimeSpan.FromMilliseconds(10)));
        Assert.Equal(TimeSpan.FromSeconds(10), ModelMetrics.Pause(TimeSpan.FromSeconds(6)));
    }

    private static ModelCache FetchingCache()
    {
        var cache = ModelCaches.GivenCache.Cache(ModelCaches.GivenCache.OnNodes());
        cache.Status = new()
        {
            Phase = CachePhases.Fetching,
            FetchedBytes = 110,
            TotalBytes = 200,
            Nodes = [new() { Name = "a", Phase = CachePhases.Ready }, new() { Name = "b", Phase = CachePhases.Fetching }],
            Conditions = [new() { Type = ConditionTypes.Ready, Status = "False", Reason = Reasons.FetchingWeights, Message = "m" }],
        };
        return cache;
    }

    private static ModelDeployment Fetching()
    {
        var model = Given.Model();
        model.Spec = model.Spec with { Replicas = 3, Resources = new() { Gpus = 2 } };
        model.Status = new()
        {
            Phase = Phases.Fetching,
            Replicas = 3,
            ReadyReplicas = 1,
            UpdatedReplicas = 2,
            Model = new() { Architecture = "llama", Quantization = "Q4_K_M" },
            Workers =
            [
                new() { Pod = "a", Phase = WorkerPhases.Fetching, FetchedBytes = 90, TotalBytes = 100 },
                new() { Pod = "b", Phase = WorkerPhases.Fetching, FetchedBytes = 10, TotalBytes = 100 },
                new() { Pod = "c", Phase = WorkerPhases.Serving },
            ],
            Conditions = [new() { Type = ConditionTypes.Ready, Status = "False", Reason = Reasons.FetchingWeights, Message = "m" }],
        };
        return model;
    }

    private static ModelStartups Started(ModelDeployment model)
    {
        var startups = new ModelStartups();
        startups.Told(ControllerRuntime.ObjectKey.Of(model), new()
        {
            Phase = WorkerPhases.Serving,
            Since = Noon,
            Phases = [new(WorkerPhases.Fetching, 7), new(WorkerPhases.Loading, 2.25), new(WorkerPhases.Fetching, 1), new(WorkerPhases.Serving, 60)],
        });
        return startups;
    }

    private static async Task<string> TextAsync(IEnumerable<ModelDeployment> models, ModelStartups startups, params ModelCache[] caches)
    {
        using var plain = new MemoryStream();
        await ModelText.Write(models, startups, caches).WritePlainAsync(plain, TestContext.Current.CancellationToken);
        return Encoding.UTF8.GetString(plain.ToArray());
    }

    [GeneratedRegex("""^(?<name>[a-z_]+)\{((?<label>[a-z_]+)="[^"]*",?)*\} """, RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Sample();
}
