using YamlDotNet.Serialization;

namespace FleetOps.Monitoring.Tests;

/// <summary>Every alert is right, explained, and seen to fire and to resolve by Prometheus' own tool.</summary>
public sealed class RuleTests
{
    private static readonly string Tests = Checkout.File("deploy", "prometheus", "tests");

    public static TheoryData<string> TestFiles => [.. Files(Tests)];

    public static TheoryData<string> Alerts => [.. Rule.Alerts.Select(static rule => rule.Name).Distinct(StringComparer.Ordinal)];

    [Fact]
    public async Task Promtool_accepts_all_rules()
    {
        var (status, output) = await Prometheus.RunAsync(await Prometheus.FindAsync("promtool"), ["check", "rules", "--lint=all", "--lint-fatal", .. Directory.GetFiles(Checkout.File("deploy", "prometheus", "rules"))]);

        Assert.True(status == 0, output);
    }

    [Theory]
    [MemberData(nameof(TestFiles))]
    public async Task Alerts_fire_and_resolve_as_promtool_is_told(string file)
    {
        var (status, output) = await Prometheus.RunAsync(await Prometheus.FindAsync("promtool"), "test", "rules", Path.Combine(Tests, file));

        Assert.True(status == 0, output);
    }

    [Theory]
    [MemberData(nameof(Alerts))]
    public void An_alert_is_seen_silent_then_firing_then_resolved(string alert)
    {
        var checks = Files(Tests).SelectMany(static file => Checks(Path.Combine(Tests, file))).Where(check => check.Alert == alert).ToList();

        foreach (var severity in Rule.Alerts.Where(rule => rule.Name == alert).Select(static rule => rule.Labels["severity"]))
        {
            var firing = checks.FindIndex(check => check.Severities.Contains(severity));
            Assert.True(firing > 0 && checks[firing - 1].Severities.Count == 0, $"No test sees {alert} ({severity}) silent and then firing.");
            Assert.True(checks.Skip(firing + 1).Any(check => check.Test == checks[firing].Test && check.Severities.Count == 0), $"No test sees {alert} ({severity}) resolve.");
        }
    }

    [Fact]
    public void An_alert_says_what_is_wrong_how_bad_it_is_and_where_the_cure_stands()
    {
        Assert.All(Rule.Alerts, static rule =>
        {
            Assert.StartsWith("FleetOps", rule.Name, StringComparison.Ordinal);
            Assert.Contains(rule.Labels["severity"], new[] { "critical", "warning" });
            Assert.NotEmpty(rule.Annotations["summary"]);
            Assert.NotEmpty(rule.Annotations["description"]);
            var book = File.ReadAllText(Checkout.File(rule.Annotations["runbook_url"].Split('/')));
            Assert.Contains(rule.Name, book.Split('\n')[0], StringComparison.Ordinal);
            Assert.All(["**Meaning.**", "**Impact.**", "**Diagnosis.**", "**Cure.**"], part => Assert.Contains(part, book, StringComparison.Ordinal));
        });
    }

    [Fact]
    public void Every_runbook_belongs_to_an_alert() =>
        Assert.Equal(
            Rule.Alerts.Select(static rule => Path.GetFileName(rule.Annotations["runbook_url"])).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
            Files(Checkout.File("deploy", "runbooks")));

    private static IEnumerable<string> Files(string folder) => Directory.EnumerateFiles(folder).Select(static file => Path.GetFileName(file)).Order(StringComparer.Ordinal);

    private static IEnumerable<Check> Checks(string file)
    {
        using var reader = File.OpenText(file);
        var root = new DeserializerBuilder().Build().Deserialize<Dictionary<string, object>>(reader);
        return
            from Dictionary<object, object> test in (List<object>)root["tests"]
            from Dictionary<object, object> check in (List<object>)test["alert_rule_test"]
            let expected = ((List<object>)check["exp_alerts"]).Cast<Dictionary<object, object>>().Select(static alert => (string)((Dictionary<object, object>)alert["exp_labels"])["severity"])
            select new Check((string)test["name"], (string)check["alertname"], [.. expected]);
    }

    private sealed record Check(string Test, string Alert, IReadOnlyList<string> Severities);
}
