using System.Diagnostics;
using System.Globalization;

namespace FleetOps.EndToEnd.Tests;

/// <summary>The processes of pods, as the node sees them. The local cluster's containers run on this machine.</summary>
internal static class NodeProcesses
{
    /// <summary>Ends a program of one pod with SIGKILL, as the kernel's out-of-memory killer would.</summary>
    /// <param name="podUid">`metadata.uid` of the pod.</param>
    /// <param name="program">The name of the program's file, such as `fleetops-worker`.</param>
    public static void Kill(string podUid, string program)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id) || !BelongsTo(folder, podUid, program))
            {
                continue;
            }

            using var process = Process.GetProcessById(id);
            process.Kill();
            return;
        }

        Assert.Fail($"No process of {program} runs for pod {podUid} on this node.");
    }

    private static bool BelongsTo(string folder, string podUid, string program)
    {
        try
        {
            var commandLine = File.ReadAllText(Path.Combine(folder, "cmdline"));
            return commandLine.Split('\0')[0].EndsWith(program, StringComparison.Ordinal)
                && File.ReadAllText(Path.Combine(folder, "cgroup")).Contains(podUid, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            // The process ended while it was looked at.
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }
}
