using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;

namespace FleetOps.InferenceWorker.Tests.Fixtures;

/// <summary>Reads what <c>/metrics</c> says.</summary>
internal static partial class Exposition
{
    /// <summary>Each metric in one line: its name, type and unit, and its labels without those of buckets; <c>-</c> for none.</summary>
    /// <param name="text">What <c>/metrics</c> says.</param>
    /// <param name="meter">Name of the meter, whose instruments know their units.</param>
    public static IEnumerable<string> Describe(string text, string meter)
    {
        var labels = Sample().Matches(text).ToLookup(static sample => sample.Groups["name"].Value, static sample => sample.Groups["label"].Captures.Select(static label => label.Value), StringComparer.Ordinal);
        var units = Units(meter);
        foreach (Match family in Family().Matches(text))
        {
            var (name, type) = (family.Groups["name"].Value, family.Groups["type"].Value);
            var own = labels[name].Concat(labels[$"{name}_count"]).SelectMany(static of => of).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
            var told = string.Join(',', own);
            yield return $"{name} {type} {units.FirstOrDefault(unit => name.StartsWith(unit.Metric, StringComparison.Ordinal)).Unit ?? "-"} {(told.Length > 0 ? told : "-")}";
        }
    }

    /// <summary>How many series there are.</summary>
    public static int Series(string text, string prefix = "") => Sample().Matches(text).Count(sample => sample.Groups["name"].Value.StartsWith(prefix, StringComparison.Ordinal));

    private static List<(string Metric, string? Unit)> Units(string meter)
    {
        var units = new List<(string, string?)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name == meter)
                {
                    lock (units)
                    {
                        units.Add((instrument.Name.Replace('.', '_'), instrument.Unit));
                    }
                }
            },
        };
        // Tells of those that there are before it returns.
        listener.Start();
        lock (units)
        {
            return [.. units.OrderByDescending(static unit => unit.Item1.Length)];
        }
    }

    [GeneratedRegex("^# TYPE (?<name>\\S+) (?<type>\\S+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Family();

    [GeneratedRegex("""^(?<name>[a-zA-Z_]\w*)(\{((?<label>\w+)="([^"\\]|\\.)*",?)*\})? """, RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Sample();
}
