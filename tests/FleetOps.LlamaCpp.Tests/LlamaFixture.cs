using FleetOps.LlamaCpp.Backends;
using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;
using FleetOps.TestModels;

[assembly: AssemblyFixture(typeof(FleetOps.LlamaCpp.Tests.LlamaFixture))]

// ggml's threads spin while they wait for one another: tests that run at once would take each other's processors.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace FleetOps.LlamaCpp.Tests;

/// <summary>The real llama.cpp on the CPU, and the two test models, for all tests of the assembly.</summary>
public sealed class LlamaFixture : IDisposable
{
    private readonly LlamaRuntime? _runtime;
    private readonly string _missing;
    private readonly Lazy<LlamaModel> _successor;
    private readonly Lazy<LlamaModel> _random;

    public LlamaFixture()
    {
        Folder = Directory.CreateTempSubdirectory("fleetops-llama-").FullName;
        var native = NativeTools.Libraries(out _missing);
        if (native is not null)
        {
            _runtime = LlamaRuntime.Load(native, BackendRequest.Cpu, Log.Add);
        }

        _successor = new(() => Load("successor.gguf", path => SuccessorModel.Write(path)));
        _random = new(() => Load("random.gguf", path => RandomModel.Write(path)));
    }

    /// <summary>A folder of its own for the run.</summary>
    public string Folder { get; }

    /// <summary>What llama.cpp logged.</summary>
    public LogLines Log { get; } = new();

    /// <summary>Loaded for the CPU.</summary>
    public LlamaRuntime Runtime
    {
        get
        {
            Assert.SkipWhen(_runtime is null, _missing);
            return _runtime!;
        }
    }

    /// <summary>The model whose output is known.</summary>
    public LlamaModel Successor => _successor.Value;

    /// <summary>The model whose output depends on all that came before.</summary>
    public LlamaModel Random => _random.Value;

    /// <summary>The machine's clock.</summary>
    public TimeProvider Clock => TimeProvider.System;

    /// <summary>A model whose decode of 1,000 tokens takes long enough to be interrupted.</summary>
    public LlamaModel Large() => Load("large.gguf", path => RandomModel.Write(path, new LlamaShape(512, 8, 8, 4, 1536, Type: TensorType.Q8_0)));

    /// <summary>One thread, small batches.</summary>
    public static ContextParameters Small(int maxSequences = 1, bool unified = false) => new()
    {
        ContextLength = 256,
        MaxSequences = maxSequences,
        BatchSize = 512,
        Threads = 1,
        UnifiedCache = unified,
    };

    public void Dispose()
    {
        foreach (var model in new[] { _successor, _random })
        {
            if (model.IsValueCreated)
            {
                model.Value.Dispose();
            }
        }

        Directory.Delete(Folder, recursive: true);
    }

    private LlamaModel Load(string name, Action<string> write)
    {
        var path = Path.Combine(Folder, name);
        var runtime = Runtime;
        write(path);
        return LlamaModel.Load(runtime, path, new ModelParameters());
    }
}
