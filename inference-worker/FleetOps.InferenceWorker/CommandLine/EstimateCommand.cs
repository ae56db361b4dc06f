using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FleetOps.InferenceWorker.Memory;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;
using FleetOps.LlamaCpp;
using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Sources;

namespace FleetOps.InferenceWorker.CommandLine;

/// <summary><c>estimate</c>: prints the memory that a model will take, from the first megabytes of its file.</summary>
internal static class EstimateCommand
{
    private const int NumberWidth = 16;

    public static Command Create()
    {
        var model = new Argument<string>("SOURCE") { Description = "Where the model is, as for serve --source, or the path of a file" };
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var native = Setting.Native();
        var source = new SourceSettings();
        var compute = new ComputeSettings();
        var command = new Command("estimate", "Print the memory that a model will take when it is served with these options; only its header is read.") { model, json, native };
        source.AddReadingTo(command);
        compute.AddTo(command);
        command.SetAction((result, cancellationToken) => CommandFailure.HandleAsync(terminationLog: null, async () =>
        {
            var folder = Directory.CreateTempSubdirectory("fleetops-estimate-").FullName;
            try
            {
                var options = compute.Apply(
                    new ServeOptions
                    {
                        Model = source.Request(result, Source(result.GetRequiredValue(model))),
                        Fetching = source.ReadingOptions(result) with { ModelDirectory = folder },
                        NativeDirectory = result.GetValue(native)!,
                    },
                    result);
                var document = await EstimateAsync(options, folder, cancellationToken);
                if (result.GetValue(json))
                {
                    Console.Out.WriteLine(JsonSerializer.Serialize(document, StateJson.Readable.EstimateDocument));
                }
                else
                {
                    WriteText(document, Console.Out);
                }

                return ExitCodes.Success;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return ExitCodes.Interrupted;
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }));
        return command;
    }

    private static ModelSource Source(string text) => File.Exists(text) ? ModelFetching.ParseSource($"file://{Path.GetFullPath(text)}") : ModelFetching.ParseSource(text);

    private static async Task<EstimateDocument> EstimateAsync(ServeOptions options, string folder, CancellationToken cancellationToken)
    {
        var (local, remote) = await HeadSource.ReadAsync(options.Fetching, options.Model, cancellationToken);
        var header = local?.Header ?? remote!.Header;
        try
        {
            var runtime = LlamaRuntime.Load(options.NativeDirectory, options.Backend);
            var need = local is not null ? ModelEstimate.Of(runtime, local.Path, header, options) : ModelEstimate.Of(runtime, remote!, options, folder);
            var offer = MemoryOffer.Read(runtime, options.MemoryLimit);
            return Describe(options, header, need, offer, runtime.Backend.CudaDriverVersion);
        }
        catch (LlamaException fault)
        {
            throw new WorkerFailedException(ModelLoading.ReasonOf(fault.Fault), fault.Message, fault);
        }
        catch (ArgumentException fault)
        {
            throw new WorkerFailedException(FailureReason.InvalidConfiguration, fault.Message, fault);
        }
    }

    private static EstimateDocument Describe(ServeOptions options, GgufHeader header, MemoryNeed need, MemoryOffer offer, Version? driver)
    {
        var fault = MemoryFit.Fault(need, offer, options.LoadMode);
        return new EstimateDocument(
            options.Model.Source.ToString(),
            header.Architecture ?? "",
            header.Quantization ?? "",
            header.FileLength,
            EngineShape.ContextLength(options, header),
            options.MaxSequences,
            need.Describe(measured: false),
            offer.MainBytes,
            [.. offer.Gpus.Select(gpu => DeviceDescription.Of(gpu, driver))],
            fault is null,
            fault?.Reason.ToString() ?? "",
            fault?.Message ?? "");
    }

    private static void WriteText(EstimateDocument document, TextWriter output)
    {
        output.WriteLine($"{document.Source}: {document.Architecture}, {document.Quantization}, {Number(document.SizeBytes)} bytes");
        output.WriteLine($"{document.MaxSequences} sequences of {document.ContextLength} tokens; bytes of memory:");
        output.WriteLine();
        var widest = document.Memory.Devices.Select(static device => device.Name.Length).Append("total".Length).Max() + 1;
        Row("", "weights", "KV cache", "compute", "total", "available");
        foreach (var device in document.Memory.Devices)
        {
            var available = device.IsGpu
                ? document.Gpus.FirstOrDefault(gpu => gpu.Name == device.Name) is { } gpu ? Number(gpu.MemoryFreeBytes) : "unknown"
                : document.LimitBytes is { } limit ? Number(limit) : "no limit";
            Row(device.Name, Number(device.WeightsBytes), Number(device.KvCacheBytes), Number(device.ComputeBytes), Number(device.TotalBytes), available);
        }

        Row("total", Number(document.Memory.WeightsBytes), Number(document.Memory.KvCacheBytes), Number(document.Memory.ComputeBytes), Number(document.Memory.TotalBytes), "");
        output.WriteLine();
        output.WriteLine(document.Fits ? "Nothing is known against serving it here." : document.Message);

        void Row(string name, params string[] cells) =>
            output.WriteLine((name.PadRight(widest) + string.Concat(cells.Select(static cell => cell.PadLeft(NumberWidth)))).TrimEnd());
    }

    private static string Number(long bytes) => bytes.ToString(CultureInfo.InvariantCulture);
}
