namespace FleetOps.EndToEnd.Tests;

/// <summary>A release of the chart fleetops-models in a namespace: the demo model under the name `chat`.</summary>
internal sealed class InstalledModels(Helm helm, Kubectl kubectl)
{
    private const string Release = "models";

    /// <param name="verb">`install` or `upgrade`.</param>
    /// <param name="replicas">How many workers.</param>
    public Task ApplyAsync(string verb, int replicas) => helm.RunAsync(
        [verb, Release, Repository.File("charts", "fleetops-models"), "--namespace", kubectl.Namespace, "--values", "-"],
        $$"""
        models:
          chat:
            spec:
              model: {source: "pvc://demo-models/demo.gguf", sha256: "{{Manifest.DemoSha256}}"}
              engine: {contextLength: 512, maxSequences: 4}
              resources: {gpus: 1, cpu: 300m, memory: 512Mi}
              replicas: {{replicas}}

        """);

    public Task RemoveAsync() => helm.RunAsync(["uninstall", Release, "--namespace", kubectl.Namespace, "--wait", "--timeout", "3m"]);
}
