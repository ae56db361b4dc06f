using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Tests.Stubs;
using FsCheck.Xunit;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace FleetOps.ControllerRuntime.Tests.Informers;

public sealed class InformerModelTests
{
    private static readonly InformerOptions Quick = new() { MinBackoff = TimeSpan.FromMilliseconds(1), MaxBackoff = TimeSpan.FromMilliseconds(4) };

    [Property(MaxTest = 100)]
    public async Task Whatever_breaks_the_store_and_the_sum_of_all_changes_end_as_the_truth(byte[] script)
    {
        var server = new ModelCollection();
        server.Write("there-before");
        var informer = new InformerRegistry(server.Api, TimeProvider.System, NullLoggerFactory.Instance).Get(BuiltInTypes.ConfigMaps, options: Quick);
        await using var running = new RunningInformer<V1ConfigMap>(informer);

        foreach (var step in script)
        {
            await PlayAsync(server, step);
        }

        server.Write("last");
        await Eventually.TrueAsync(
            () => Same(server.Objects, informer.Store.List().ToDictionary(map => map.Metadata.Name, map => map.Metadata.ResourceVersion, StringComparer.Ordinal))
                && Same(server.Objects, running.Changes.Believed.ToDictionary(pair => pair.Key.Name, pair => pair.Value, StringComparer.Ordinal)),
            "the store is as the server",
            TimeSpan.FromSeconds(10),
            problem: () => informer.Problem);
        Assert.Empty(running.Changes.Contradictions);
    }

    private static async Task PlayAsync(ModelCollection server, byte step)
    {
        var name = $"object-{step % 4}";
        switch (step / 4 % 8)
        {
            case 0 or 1 or 2:
                server.Write(name);
                break;
            case 3:
                server.Delete(name);
                break;
            case 4:
                server.Bookmark();
                break;
            case 5:
                server.Break();
                break;
            case 6:
                server.Break();
                server.Delete(name);
                server.Write("gap");
                server.Forget();
                break;
            default:
                await Task.Delay(1);
                break;
        }
    }

    private static bool Same(IReadOnlyDictionary<string, int> truth, Dictionary<string, string> held) =>
        truth.Count == held.Count && truth.All(pair => held.TryGetValue(pair.Key, out var version) && version == $"{pair.Value}");
}
