namespace FleetOps.EndToEnd.Tests;

/// <summary>The real Helm on the local cluster.</summary>
internal sealed class Helm(InstalledFleetOps fleet)
{
    /// <summary>The release that all tests share.</summary>
    public const string Release = "fleetops";

    /// <summary>Where it is installed.</summary>
    public const string Namespace = "fleetops-system";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(6);

    public Task<Command> TryAsync(IEnumerable<string> arguments, string? input = null) =>
        Command.RunAsync(fleet.Helm, ["--kubeconfig", Repository.File(".local", "kubeconfig"), .. arguments], input, Limit);

    /// <summary>Runs Helm, which has to succeed, and returns what it printed.</summary>
    public async Task<string> RunAsync(IEnumerable<string> arguments, string? input = null) => (await TryAsync(arguments, input)).Succeeded();

    /// <summary>Installs the shared release as all tests expect it, whatever became of it.</summary>
    public async Task RestoreAsync()
    {
        (await Command.RunAsync(Repository.File("deploy", "local", "install"), [], limit: TimeSpan.FromMinutes(10))).Succeeded();
        await Eventually.HoldsAsync(
            () => fleet.Kubectl.In(Namespace).RunAsync("get", "pods", "-l", "app.kubernetes.io/name=fleetops", "-o", "name"),
            pods => pods.Split('\n').Length == 1, Limit, "The operators before have ended");
    }
}
