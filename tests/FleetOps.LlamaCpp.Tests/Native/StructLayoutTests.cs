using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using FleetOps.LlamaCpp.Native;
using FleetOps.TestModels;

namespace FleetOps.LlamaCpp.Tests.Native;

public sealed class StructLayoutTests(LlamaFixture llama)
{
    private const string Compiler = "/usr/bin/gcc";

    private static readonly (string C, Type Mirror)[] Structs =
    [
        ("llama_model_params", typeof(LlamaModelParams)),
        ("llama_context_params", typeof(LlamaContextParams)),
        ("llama_batch", typeof(LlamaBatchNative)),
        ("llama_token_data", typeof(LlamaTokenData)),
        ("llama_logit_bias", typeof(LlamaLogitBias)),
        ("llama_sampler_chain_params", typeof(LlamaSamplerChainParams)),
        ("ggml_backend_dev_caps", typeof(GgmlBackendDevCaps)),
        ("ggml_backend_dev_props", typeof(GgmlBackendDevProps)),
    ];

    [Fact]
    public void Structs_lie_in_memory_as_the_pinned_headers_say()
    {
        var source = NativeTools.LlamaSource(out var reason);
        Assert.SkipWhen(source is null, reason);
        Assert.SkipUnless(File.Exists(Compiler), $"the C compiler {Compiler} is missing");
        var program = Path.Combine(llama.Folder, "layout");
        Run(Compiler, $"-I{source}/include", $"-I{source}/ggml/include", "-o", program, Path.Combine(NativeTools.RepositoryRoot(), "tests/FleetOps.LlamaCpp.Tests/Native/layout.c"));

        Assert.Equal(Run(program).Trim(), string.Join('\n', Structs.SelectMany(static pair => Describe(pair.C, pair.Mirror))));
    }

    private static IEnumerable<string> Describe(string name, Type mirror)
    {
        yield return $"{name} {SizeOf(mirror)}";
        foreach (var field in mirror.GetFields(BindingFlags.Instance | BindingFlags.Public))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{name}.{SnakeCase(field.Name)} {Marshal.OffsetOf(mirror, field.Name)} {SizeOf(field.FieldType)}");
        }
    }

    private static int SizeOf(Type type) => type.IsPointer || type.IsFunctionPointer
        ? nint.Size
        : (int)typeof(System.Runtime.CompilerServices.Unsafe).GetMethod("SizeOf")!.MakeGenericMethod(type).Invoke(null, null)!;

    private static string SnakeCase(string name) => string.Concat(name.Select(static (letter, i) =>
        char.IsUpper(letter) ? (i > 0 ? "_" : "") + char.ToLowerInvariant(letter) : letter.ToString()));

    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
