using System.Diagnostics;
using System.Text.Json;
using FleetOps.Benchmarks.Processes;
using FleetOps.Benchmarks.Worker.Servers;
using FleetOps.LlamaCpp;
using FleetOps.LlamaCpp.Backends;
using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;
using FleetOps.LlamaCpp.Sampling;
using FleetOps.TestModels;

namespace FleetOps.Benchmarks.Worker.Bare;

/// <summary>What the worker is compared with where no other server is: a process that calls the binding in a loop, with no server and no client around it.</summary>
internal static class BareBinding
{
    private const int WarmUpTokens = 32;

    /// <summary>Does the work in a process of its own, because llama.cpp cannot be unloaded.</summary>
    public static async Task<BareOutcome> RunAsync(ServerShape shape, CancellationToken cancel, int sequences = 0, int promptTokens = 0, int answerTokens = 0)
    {
        var native = NativeTools.Libraries(out var reason) ?? throw new InvalidOperationException(reason);
        var work = new BareWork(shape.Model, native, shape.Slots, shape.ContextLength, shape.Threads, ServerShape.BatchTokens, sequences, promptTokens, answerTokens);
        return JsonSerializer.Deserialize<BareOutcome>(await Command.RunAsync(Environment.ProcessPath!, ["bare-binding", JsonSerializer.Serialize(work)], cancel))!;
    }

    /// <summary>The child's side: does the work and prints the outcome.</summary>
    public static void Run(string work)
    {
        var outcome = Run(JsonSerializer.Deserialize<BareWork>(work)!);
        Console.WriteLine(JsonSerializer.Serialize(outcome));
    }

    private static BareOutcome Run(BareWork work)
    {
        var began = Stopwatch.GetTimestamp();
        var runtime = LlamaRuntime.Load(work.Native, BackendRequest.Cpu);
        using var model = LlamaModel.Load(runtime, work.Model, new ModelParameters());
        using var context = new LlamaContext(model, new ContextParameters
        {
            ContextLength = work.ContextLength,
            MaxSequences = work.Slots,
            BatchSize = work.BatchTokens,
            MicroBatchSize = work.BatchTokens,
            Threads = work.Threads,
        });
        using var batch = new LlamaBatch(work.BatchTokens);
        Generate(model, context, batch, sequences: 1, promptTokens: 1, answerTokens: 1);
        var load = Stopwatch.GetElapsedTime(began).TotalSeconds;

        double tokensPerSecond = 0, cpuPerToken = 0;
        if (work.Sequences > 0)
        {
            Generate(model, context, batch, work.Sequences, work.PromptTokens, WarmUpTokens);
            var cpu = ProcessUse.CpuSeconds(Environment.ProcessId);
            began = Stopwatch.GetTimestamp();
            Generate(model, context, batch, work.Sequences, work.PromptTokens, work.AnswerTokens);
            var tokens = work.Sequences * work.AnswerTokens;
            tokensPerSecond = tokens / Stopwatch.GetElapsedTime(began).TotalSeconds;
            cpuPerToken = (ProcessUse.CpuSeconds(Environment.ProcessId) - cpu) / tokens;
        }

        var memory = context.ReadMemory();
        return new(load, tokensPerSecond, cpuPerToken, memory.Sum(buffer => buffer.ContextBytes), memory.Sum(buffer => buffer.ComputeBytes));
    }

    private static void Generate(LlamaModel model, LlamaContext context, LlamaBatch batch, int sequences, int promptTokens, int answerTokens)
    {
        var samplers = Enumerable.Range(0, sequences).Select(_ => new LlamaSamplerBuilder(model).Greedy()).ToArray();
        var last = new int[sequences];
        var outputs = new int[sequences];
        for (var sequence = 0; sequence < sequences; sequence++)
        {
            batch.Clear();
            for (var position = 0; position < promptTokens; position++)
            {
                outputs[sequence] = batch.Add(ByteVocabulary.Token("!") + ((sequence + position) % 50), position, sequence, position == promptTokens - 1);
            }

            context.Decode(batch);
            last[sequence] = samplers[sequence].Sample(context, outputs[sequence]);
        }

        for (var step = 1; step < answerTokens; step++)
        {
            batch.Clear();
            for (var sequence = 0; sequence < sequences; sequence++)
            {
                outputs[sequence] = batch.Add(last[sequence], promptTokens + step - 1, sequence, output: true);
            }

            context.Decode(batch);
            for (var sequence = 0; sequence < sequences; sequence++)
            {
                last[sequence] = samplers[sequence].Sample(context, outputs[sequence]);
            }
        }

        context.MemoryClear();
        foreach (var sampler in samplers)
        {
            sampler.Dispose();
        }
    }
}
