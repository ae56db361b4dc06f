using System.Globalization;
using System.Text.RegularExpressions;

namespace FleetOps.InferenceWorker.Tests.Server;

/// <summary>Reads single figures from <c>/metrics</c>.</summary>
internal static class Scrape
{
    /// <summary>The sum of a metric's series; 0 if there is none.</summary>
    public static async Task<double> ValueAsync(HttpClient http, string metric)
    {
        var text = await http.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
        var series = new Regex($@"^{metric}(\{{[^}}]*\}})? (?<value>[0-9.eE+-]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
        return series.Matches(text).Sum(match => double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture));
    }
}
