using System.Globalization;
using System.Text;
using Google.Protobuf.Reflection;

namespace FleetOps.Inference.Protocol.Tests;

/// <summary>Writes everything of a proto file that goes over the wire or into generated code: names, numbers, types.</summary>
internal static class WireContract
{
    public static string Describe(IEnumerable<FileDescriptor> files)
    {
        var text = new StringBuilder();
        foreach (var file in files.OrderBy(file => file.Name, StringComparer.Ordinal))
        {
            foreach (var service in file.Services)
            {
                text.Append(CultureInfo.InvariantCulture, $"service {service.FullName}\n");
                foreach (var method in service.Methods)
                {
                    var stream = method.IsServerStreaming ? "stream " : "";
                    text.Append(CultureInfo.InvariantCulture, $"  {method.Name}({method.InputType.FullName}) returns {stream}{method.OutputType.FullName}\n");
                }
            }

            foreach (var message in file.MessageTypes)
            {
                text.Append(CultureInfo.InvariantCulture, $"message {message.FullName}\n");
                foreach (var field in message.Fields.InFieldNumberOrder())
                {
                    text.Append(CultureInfo.InvariantCulture, $"  {field.FieldNumber} {Label(field)}{TypeName(field)} {field.Name}\n");
                }
            }

            foreach (var type in file.EnumTypes)
            {
                text.Append(CultureInfo.InvariantCulture, $"enum {type.FullName}\n");
                foreach (var value in type.Values)
                {
                    text.Append(CultureInfo.InvariantCulture, $"  {value.Number} {value.Name}\n");
                }
            }
        }

        return text.ToString();
    }

    private static string Label(FieldDescriptor field) =>
        field.IsRepeated ? "repeated "
        : field.RealContainingOneof is { } oneof ? $"oneof({oneof.Name}) "
        : field.HasPresence && field.FieldType != FieldType.Message ? "optional "
        : "";

    private static string TypeName(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.Message => field.MessageType.FullName,
        FieldType.Enum => field.EnumType.FullName,
        var type => type.ToString().ToLowerInvariant(),
    };
}
