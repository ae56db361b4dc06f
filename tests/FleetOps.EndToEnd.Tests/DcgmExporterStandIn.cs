using System.Globalization;
using System.Net;
using System.Text;

namespace FleetOps.EndToEnd.Tests;

/// <summary>
/// Stands in for NVIDIA's DCGM exporter, which needs a GPU: it tells the metrics of the real one, with its names and labels, for the pods that
/// hold one of the GPUs that the local node advertises. What it says about them is made up; that they are there, and who holds them, is not.
/// </summary>
internal sealed class DcgmExporterStandIn : IAsyncDisposable
{
    private const string Node = "fleetops-local";
    private static readonly (string Name, string Help, Func<int, double, double> Value)[] Fields =
    [
        ("DCGM_FI_DEV_GPU_UTIL", "GPU utilization (in %).", static (gpu, wave) => Math.Round(62 + 30 * wave - 4 * gpu)),
        ("DCGM_FI_DEV_GPU_TEMP", "GPU temperature (in C).", static (gpu, wave) => Math.Round(58 + 9 * wave + gpu)),
        ("DCGM_FI_DEV_POWER_USAGE", "Power draw (in W).", static (gpu, wave) => Math.Round(390 + 180 * wave - 15 * gpu, 3)),
        ("DCGM_FI_DEV_FB_USED", "Framebuffer memory used (in MiB).", static (gpu, wave) => Math.Round(91_000 + 6_000 * wave + 2_500 * gpu)),
        ("DCGM_FI_DEV_FB_FREE", "Framebuffer memory free (in MiB).", static (gpu, wave) => Math.Round(52_000 - 6_000 * wave - 2_500 * gpu)),
        ("DCGM_FI_DEV_XID_ERRORS", "Value of the last XID error encountered.", static (_, _) => 0),
    ];

    private readonly HttpListener _listener;
    private readonly Task _serving;
    private volatile IReadOnlyList<(string Namespace, string Pod)> _holders = [];

    private DcgmExporterStandIn(HttpListener listener, string address)
    {
        (_listener, Address) = (listener, address);
        _serving = ServeAsync();
    }

    /// <summary>Host and port.</summary>
    public string Address { get; }

    /// <summary>Starts it on loopback.</summary>
    public static DcgmExporterStandIn Start()
    {
        var (listener, address) = Listeners.Open("127.0.0.1");
        return new(listener, address);
    }

    /// <summary>Names the pods that hold a GPU: the first of them holds GPU 0, and so on.</summary>
    public void Hold(IEnumerable<(string Namespace, string Pod)> pods) => _holders = [.. pods];

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _serving;
    }

    private async Task ServeAsync()
    {
        while (await Listeners.NextAsync(_listener) is { } context)
        {
            // Two exporters, as on two nodes: the first has the GPUs with even numbers, the second those with odd ones.
            var remainder = context.Request.Url!.AbsolutePath == "/even/metrics" ? 0 : 1;
            context.Response.ContentType = "text/plain; version=0.0.4";
            context.Response.Close(Encoding.UTF8.GetBytes(Text(remainder)), willBlock: false);
        }
    }

    private string Text(int remainder)
    {
        var text = new StringBuilder();
        var seconds = Environment.TickCount64 / 1000.0;
        foreach (var (name, help, value) in Fields)
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} gauge\n");
            foreach (var (gpu, holder) in _holders.Index().Where(one => one.Index % 2 == remainder))
            {
                text.Append(CultureInfo.InvariantCulture, $$"""
                    {{name}}{gpu="{{gpu}}",UUID="GPU-00000000-0000-0000-0000-00000000000{{gpu}}",pci_bus_id="00000000:0{{gpu}}:00.0",device="nvidia{{gpu}}",modelName="NVIDIA H200",Hostname="{{Node}}",container="worker",namespace="{{holder.Namespace}}",pod="{{holder.Pod}}"} {{value(gpu, Math.Sin(seconds / 25 + gpu))}}

                    """);
            }
        }

        return text.ToString();
    }
}
