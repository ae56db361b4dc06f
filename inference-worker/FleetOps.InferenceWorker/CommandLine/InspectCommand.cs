using System.CommandLine;
using System.Text.Json;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;
using FleetOps.ModelStore;
using FleetOps.ModelStore.Gguf;

namespace FleetOps.InferenceWorker.CommandLine;

/// <summary><c>inspect</c>: prints what the header of a GGUF file says.</summary>
internal static class InspectCommand
{
    private const int WidestText = 100;

    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "A GGUF file" };
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var tensors = new Option<bool>("--tensors") { Description = "List the tensors too" };
        var command = new Command("inspect", "Print the metadata of a GGUF file.") { file, json, tensors };
        command.SetAction((result, _) => CommandFailure.HandleAsync(terminationLog: null, async () =>
        {
            var header = Read(result.GetRequiredValue(file));
            if (result.GetValue(json))
            {
                await using var stdout = Console.OpenStandardOutput();
                WriteJson(header, result.GetValue(tensors), stdout);
            }
            else
            {
                WriteText(header, result.GetValue(tensors), Console.Out);
            }

            return ExitCodes.Success;
        }));
        return command;
    }

    private static GgufHeader Read(string path)
    {
        try
        {
            return GgufHeader.Read(path);
        }
        catch (ModelSourceException exception)
        {
            throw new WorkerFailedException(ModelFetching.ReasonOf(exception.Reason), $"{path}: {exception.Message}", exception);
        }
    }

    private static void WriteText(GgufHeader header, bool withTensors, TextWriter output)
    {
        output.WriteLine($"GGUF version {header.Version}, {header.FileLength} bytes, {header.ParameterCount} parameters in {header.Tensors.Count} tensors, {header.Quantization ?? "no weights"}");
        var widest = header.Metadata.Keys.Select(key => key.Length).DefaultIfEmpty().Max();
        foreach (var (key, value) in header.Metadata.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            var text = Visible(value.ToString());
            output.WriteLine($"{key.PadRight(widest)}  {(text.Length > WidestText ? text[..WidestText] + "…" : text)}");
        }

        foreach (var tensor in withTensors ? header.Tensors : [])
        {
            output.WriteLine($"{tensor.Name}  {tensor.Type} [{string.Join(", ", tensor.Dimensions)}] {tensor.SizeBytes} bytes");
        }
    }

    private static void WriteJson(GgufHeader header, bool withTensors, Stream output)
    {
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteNumber("version", header.Version);
        json.WriteNumber("sizeBytes", header.FileLength);
        json.WriteNumber("parameters", header.ParameterCount);
        json.WriteString("quantization", header.Quantization);
        json.WriteStartObject("metadata");
        foreach (var (key, value) in header.Metadata)
        {
            json.WritePropertyName(key);
            WriteValue(json, value);
        }

        json.WriteEndObject();
        if (withTensors)
        {
            json.WriteStartArray("tensors");
            foreach (var tensor in header.Tensors)
            {
                json.WriteStartObject();
                json.WriteString("name", tensor.Name);
                json.WriteString("type", tensor.Type.ToString());
                json.WriteStartArray("dimensions");
                foreach (var extent in tensor.Dimensions)
                {
                    json.WriteNumberValue(extent);
                }

                json.WriteEndArray();
                json.WriteNumber("sizeBytes", tensor.SizeBytes);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.Flush();
        output.Write("\n"u8);
    }

    private static void WriteValue(Utf8JsonWriter json, GgufValue value)
    {
        if (value.Elements is { } elements)
        {
            json.WriteStartArray();
            foreach (var element in elements)
            {
                WriteValue(json, element);
            }

            json.WriteEndArray();
        }
        else if (value.Flag is { } flag)
        {
            json.WriteBooleanValue(flag);
        }
        else if (value.NonNegative is { } whole)
        {
            json.WriteNumberValue(whole);
        }
        else if (value.Number is { } number && double.IsFinite(number))
        {
            json.WriteNumberValue(number);
        }
        else
        {
            // Texts, numbers that JSON does not know, and what is too long to be held.
            json.WriteStringValue(value.ToString());
        }
    }

    /// <summary>Keeps a file from steering the terminal it is shown on.</summary>
    private static string Visible(string text) =>
        string.Concat(text.Select(character => character switch
        {
            '\n' => "\\n",
            '\t' => "\\t",
            '\r' => "\\r",
            _ when char.IsControl(character) => "\uFFFD",
            _ => character.ToString(),
        }));
}
