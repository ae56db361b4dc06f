using System.Globalization;
using FleetOps.LlamaCpp;
using FleetOps.LlamaCpp.Backends;
using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;

// Arguments: the folder of native libraries, and Auto, Cpu or Cuda; then, if a model is to be loaded, its file and the length of its context.
// A fourth argument "each" makes the file a folder, whose files are loaded and computed with one after the other, a line for each.
// Prints "Selected|Why|devices", or "Fault|message" and exits with 1. What ends the process prints "Abort|message" first.
try
{
    var runtime = LlamaRuntime.Load(args[0], Enum.Parse<BackendRequest>(args[1]), onAbort: static message => Console.WriteLine($"Abort|{message}"));
    if (args.Length > 4)
    {
        foreach (var file in Directory.EnumerateFiles(args[2]).Order(StringComparer.Ordinal))
        {
            Console.WriteLine($"{Path.GetFileName(file)}|{Outcome(runtime, file)}");
        }
    }
    else if (args.Length > 2)
    {
        using var model = LlamaModel.Load(runtime, args[2], new ModelParameters());
        using var context = new LlamaContext(model, new ContextParameters { ContextLength = int.Parse(args[3], CultureInfo.InvariantCulture), Threads = 1 });
    }

    Console.WriteLine($"{runtime.Backend.Selected}|{runtime.Backend.Why}|{string.Join(',', runtime.ReadDevices().Select(static device => device.Name))}");
    return 0;
}
catch (LlamaException e)
{
    Console.WriteLine($"{e.Fault}|{e.Message}");
    return 1;
}

// What llama.cpp makes of a file: a fault, or the status of a first decode.
static string Outcome(LlamaRuntime runtime, string file)
{
    try
    {
        using var model = LlamaModel.Load(runtime, file, new ModelParameters());
        using var context = new LlamaContext(model, new ContextParameters { ContextLength = 256, BatchSize = 64, MicroBatchSize = 64, Threads = 1 });
        var tokens = model.Vocabulary.Tokenize("hello there", addSpecial: true, parseSpecial: true);
        _ = model.Vocabulary.Detokenize(tokens, special: true);
        using var batch = new LlamaBatch(64);
        for (var i = 0; i < Math.Min(tokens.Length, 64); i++)
        {
            batch.Add(tokens[i], i, 0, output: true);
        }

        return context.Decode(batch).ToString();
    }
    catch (Exception e) when (e is LlamaException or ArgumentException)
    {
        return (e as LlamaException)?.Fault.ToString() ?? e.GetType().Name;
    }
}
