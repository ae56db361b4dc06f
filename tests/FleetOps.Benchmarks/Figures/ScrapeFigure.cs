using System.Diagnostics;
using System.Globalization;
using System.Net;
using FleetOps.Benchmarks.Reports;

namespace FleetOps.Benchmarks.Figures;

/// <summary>How long /metrics takes, asked as Prometheus asks (compressed), while the fleet is at rest and while models change.</summary>
internal sealed class ScrapeFigure(Report report, RunningFleet fleet)
{
    private const double Goal = 5;
    private const int Scrapes = 60;
    private const int Changes = 60;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    public async Task MeasureAsync(CancellationToken cancel)
    {
        await fleet.SettleAsync(cancel);
        using var http = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None });
        var size = string.Create(CultureInfo.InvariantCulture, $"scrape of {fleet.Count}");
        var (first, bytes) = await ScrapeAsync(http, cancel);
        List<double> rest = [], changing = [];
        for (var scrape = 0; scrape < Scrapes; scrape++)
        {
            await Task.Delay(Pause, cancel);
            rest.Add((await ScrapeAsync(http, cancel)).Milliseconds);
        }

        report.AtMost($"{size}: answered, at rest (median)", rest.Median(), "ms", Goal);
        report.Info($"{size}: answered, at rest (95th percentile)", rest.Percentile(95), "ms");
        for (var change = 0; change < Changes; change++)
        {
            await fleet.ScaleAsync(change, 3, cancel);
            await Task.Delay(Pause, cancel);
            changing.Add((await ScrapeAsync(http, cancel)).Milliseconds);
        }

        report.AtMost($"{size}: answered, while models change (median)", changing.Median(), "ms", Goal);
        report.Info($"{size}: answered, while models change (95th percentile)", changing.Percentile(95), "ms");
        report.Info($"{size}: the first one of all", first, "ms");
        report.Info($"{size}: compressed", bytes / 1e3, "kB");
        await fleet.RestoreAsync(Enumerable.Range(0, Changes), cancel);
    }

    private async Task<(double Milliseconds, int Bytes)> ScrapeAsync(HttpClient http, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, fleet.Operator.Metrics);
        request.Headers.AcceptEncoding.ParseAdd("gzip");
        var began = Stopwatch.GetTimestamp();
        using var response = await http.SendAsync(request, cancel);
        var body = await response.Content.ReadAsByteArrayAsync(cancel);
        return (Stopwatch.GetElapsedTime(began).TotalMilliseconds, body.Length);
    }
}
