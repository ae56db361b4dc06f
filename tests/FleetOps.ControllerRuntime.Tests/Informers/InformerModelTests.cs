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

        // Answers to writes of this program, which may come before or long after the watch tells of them.
        var answers = new Queue<V1ConfigMap>();
        foreach (var step in script)
        {
            await PlayAsync(server, step);
            if (step % 5 == 0)
            {
                answers.Enqueue(Answer($"object-{step % 4}", server.Write($"object-{step % 4}")));
            }

            if (step % 3 == 0 && answers.TryDequeue(out var answer))
            {
                informer.Store.Assume(answer);
            }
        }

        while (answers.TryDequeue(out var late))
        {
            informer.Store.Assume(late);
        }

        server.Write("last");
        await Eventually.TrueAsync(
            () => Same(server.Objects, informer.Store.List().ToDictionary(map => map.Metadata.Name, map => map.Metadata.ResourceVersion, StringComparer.Ordinal))
                && Same(server.Objects, running.Changes.Believed.ToDictionary(pair => pair.Key.Name, pair => pair.Value, StringComparer.Ordinal)),
            "the store is as the server",
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

    private static V1ConfigMap Answer(string name, int version) =>
        new() { Metadata = new() { Name = name, NamespaceProperty = "ns", Uid = "uid-" + name, ResourceVersion = $"{version}" } };

    private static bool Same(IReadOnlyDictionary<string, int> truth, Dictionary<string, string> held) =>
        truth.Count == held.Count && truth.All(pair => held.TryGetValue(pair.Key, out var version) && version == $"{pair.Value}");
}
