using System.Text.RegularExpressions;
using FleetOps.Inference.V1;
using Google.Protobuf.Reflection;

namespace FleetOps.Inference.Protocol.Tests;

public sealed partial class WireContractTests
{
    private static readonly FileDescriptor[] Files = [InferenceReflection.Descriptor, OptionsReflection.Descriptor, ControlReflection.Descriptor];

    [Fact]
    public void Names_numbers_and_types_are_those_that_were_released()
    {
        var released = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "wire-contract.txt"));
        var actual = WireContract.Describe(Files);
        var written = Path.Combine(AppContext.BaseDirectory, "wire-contract.actual.txt");
        File.WriteAllText(written, actual);

        Assert.True(
            string.Equals(released, actual, StringComparison.Ordinal),
            $"The contract differs from the released one. Adding is fine: copy {written} over wire-contract.txt. Renaming, renumbering or removing breaks clients.\n{actual}");
    }

    [Fact]
    public void Every_scalar_option_can_be_absent()
    {
        var options = new[] { SamplingOptions.Descriptor, DryOptions.Descriptor, MirostatOptions.Descriptor, StopOptions.Descriptor, OutputOptions.Descriptor };
        var scalars = options.SelectMany(message => message.Fields.InDeclarationOrder()).Where(field => !field.IsRepeated).ToList();

        Assert.NotEmpty(scalars);
        Assert.All(scalars, field => Assert.True(field.HasPresence, field.FullName));
    }

    [Fact]
    public void Generate_and_Chat_give_the_same_options_the_same_numbers()
    {
        foreach (var name in new[] { "sampling", "stop", "output", "constraint", "n", "adapter" })
        {
            Assert.Equal(
                GenerateRequest.Descriptor.FindFieldByName(name).FieldNumber,
                ChatRequest.Descriptor.FindFieldByName(name).FieldNumber);
        }
    }

    [Fact]
    public void Every_service_call_field_and_value_is_documented_in_the_proto_files()
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "proto");
        var files = Directory.GetFiles(folder, "*.proto");
        Assert.Equal(Files.Length, files.Length);

        foreach (var file in files)
        {
            var lines = File.ReadAllLines(file);
            for (var i = 1; i < lines.Length; i++)
            {
                if (Declaration().IsMatch(lines[i]))
                {
                    Assert.True(lines[i - 1].TrimStart().StartsWith("//", StringComparison.Ordinal), $"{Path.GetFileName(file)}:{i + 1}: {lines[i].Trim()} has no comment");
                }
            }
        }
    }

    [GeneratedRegex(@"^(service |\s+rpc |\s+[A-Za-z][\w.<>, ]* = \d+;)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Declaration();
}
