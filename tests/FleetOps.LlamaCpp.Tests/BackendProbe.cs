using System.Diagnostics;

namespace FleetOps.LlamaCpp.Tests;

/// <summary>Runs the probe program, which loads llama.cpp in a process of its own.</summary>
internal static class BackendProbe
{
    /// <summary>Runs it with environment variables besides the test's own.</summary>
    public static (int Exit, string Output) Run(string native, string request, params (string Name, string Value)[] environment) =>
        Run("exec \"$@\"", [native, request], environment);

    /// <summary>Runs it over all files of a folder, each of which gets a line.</summary>
    public static (int Exit, string Output) RunOver(string native, string folder) => Run("ulimit -c 0; exec \"$@\"", [native, "Cpu", folder, "256", "each"]);

    /// <summary>Runs it with an address space of so many kilobytes, as an image with too little memory would.</summary>
    public static (int Exit, string Output) RunWithin(long kilobytes, params string[] arguments)
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("ASAN_OPTIONS") is not null, "AddressSanitizer reserves terabytes of address space, which a bound on it forbids.");
        return Run($"ulimit -c 0 -v {kilobytes}; exec \"$@\"", arguments, ("DOTNET_GCHeapHardLimit", "0x8000000"));
    }

    private static (int Exit, string Output) Run(string shell, string[] arguments, params (string Name, string Value)[] environment)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "FleetOps.LlamaCpp.BackendProbe.dll");
        var start = new ProcessStartInfo("bash", ["-c", shell, "bash", "dotnet", program, .. arguments]) { UseShellExecute = false, RedirectStandardOutput = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
