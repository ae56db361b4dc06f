namespace FleetOps.Benchmarks.Worker.Servers;

/// <summary>Where the servers under measurement write their logs; the last run's stay.</summary>
internal static class LogFile
{
    public static string Of(string name) => Path.Combine(Directory.CreateDirectory(Repository.Path("artifacts", "bench", "logs")).FullName, name + ".log");
}
