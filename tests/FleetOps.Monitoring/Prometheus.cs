using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace FleetOps.Monitoring;

/// <summary>A real Prometheus with a configuration of its own. Ends with its disposal. Thread-safe.</summary>
public sealed class Prometheus : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _data;
    private readonly HttpClient _http;

    private Prometheus(Process process, string data, Uri address)
    {
        (_process, _data, Address) = (process, data, address);
        _http = new() { BaseAddress = address, Timeout = TimeSpan.FromSeconds(30) };
    }

    /// <summary>Where it answers.</summary>
    public Uri Address { get; }

    /// <summary>Where deploy/local/tools/prometheus has put a program.</summary>
    /// <param name="program"><c>prometheus</c> or <c>promtool</c>.</param>
    /// <exception cref="InvalidOperationException">The programs could not be had.</exception>
    public static async Task<string> FindAsync(string program) =>
        Path.Combine((await RunAsync(Checkout.File("deploy", "local", "tools", "prometheus"))).Output.Trim(), program);

    /// <summary>Runs a program to its end.</summary>
    /// <returns>Its exit status and all that it printed.</returns>
    public static async Task<(int Status, string Output)> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })
            ?? throw new InvalidOperationException($"{program} could not be started.");
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, process.ExitCode == 0 ? output : output + await error);
    }

    /// <summary>Starts it and waits until it answers.</summary>
    /// <param name="configuration">The text of prometheus.yml.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="InvalidOperationException">It ended before it answered; the message has its log.</exception>
    public static async Task<Prometheus> StartAsync(string configuration, CancellationToken cancellation)
    {
        var data = Directory.CreateTempSubdirectory("fleetops-prometheus-").FullName;
        var file = Path.Combine(data, "prometheus.yml");
        await File.WriteAllTextAsync(file, configuration, cancellation);
        var address = new Uri($"http://127.0.0.1:{FreePort()}");
        var log = Path.Combine(data, "log");
        // A shell writes the log, because nobody here would read a pipe.
        var process = Process.Start(new ProcessStartInfo("/bin/sh",
        [
            "-c", "exec \"$0\" \"$@\" >\"$LOG\" 2>&1", await FindAsync("prometheus"), $"--config.file={file}", $"--storage.tsdb.path={data}/tsdb",
            $"--web.listen-address={address.Authority}", "--log.level=warn",
        ])
        { Environment = { ["LOG"] = log } })!;
        var prometheus = new Prometheus(process, data, address);
        try
        {
            while (!await prometheus.IsReadyAsync(cancellation))
            {
                if (process.HasExited)
                {
                    throw new InvalidOperationException($"Prometheus ended with {process.ExitCode}: {await File.ReadAllTextAsync(log, cancellation)}");
                }

                await Task.Delay(100, cancellation);
            }
        }
        catch
        {
            await prometheus.DisposeAsync();
            throw;
        }

        return prometheus;
    }

    /// <summary>Asks a query for the present moment.</summary>
    /// <returns>How many series or scalars it gave whose value is a number, and the error, which is empty where there was none.</returns>
    public async Task<(int Series, string Error)> AskAsync(string query, CancellationToken cancellation)
    {
        using var form = new FormUrlEncodedContent([new("query", query)]);
        using var response = await _http.PostAsync("/api/v1/query", form, cancellation);
        var answer = JsonElement.Parse(await response.Content.ReadAsStringAsync(cancellation));
        if (answer.GetProperty("status").GetString() != "success")
        {
            return (0, answer.GetProperty("error").GetString()!);
        }

        var data = answer.GetProperty("data");
        var result = data.GetProperty("result");
        return (data.GetProperty("resultType").GetString() == "scalar" ? 1 : result.EnumerateArray().Count(static series => series.GetProperty("value")[1].GetString() != "NaN"), "");
    }

    /// <summary>What it answers at a path, such as /api/v1/targets.</summary>
    public async Task<string> GetAsync(string path, CancellationToken cancellation) => await _http.GetStringAsync(path, cancellation);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        _http.Dispose();
        Directory.Delete(_data, recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellation)
    {
        try
        {
            using var response = await _http.GetAsync("/-/ready", cancellation);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
